import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { staticProxy } from '../../kit/envoy-config.ts';
import { freePorts } from '../../kit/free-port.ts';
import type { Answer } from '../../kit/origin-answer.ts';
import { fetchRaw } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { hostStats, statsOf } from './admin-pages.ts';
import { compileGuest, wasmFilter } from './guest.ts';
import { ProxyProcess } from './proxy-process.ts';

const CLIENTS = 600;
const AT_ONCE = 48;

/** Numbers that look like chance and are the same each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

/** Holds bodies, calls out, or answers by itself, as the request asks. */
const FILTER = `
const waiting = new Map<i32, i32>();
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  const mode = header(0, 'x-mode');
  if (mode == 'reply') reply(403, 'no');
  if (mode != 'callout') return mode == 'reply' ? 1 : 0;
  const name = ascii('origin');
  const head = pairs([':method', 'GET', ':path', '/ask', ':authority', 'a']);
  const sent = proxyCall(
    at(name), name.byteLength, at(head), head.byteLength, 0, 0, 0, 0, 200, OUT);
  if (sent != 0) return 0;
  waiting.set(load<i32>(OUT), context);
  return 1;
}
export function proxy_on_request_body(context: i32, size: i32, end: i32): i32 {
  return end || header(0, 'x-mode') != 'hold' ? 0 : 1;
}
export function proxy_on_response_body(context: i32, size: i32, end: i32): i32 {
  return end || header(0, 'x-mode') != 'hold' ? 0 : 1;
}
export function proxy_on_http_call_response(
  root: i32, token: i32, headers: i32, body: i32, trailers: i32): void {
  if (!waiting.has(token)) return;
  const context = waiting.get(token);
  waiting.delete(token);
  if (proxyEffective(context) == 0) proxyContinue(0);
}`;

const MODES = ['none', 'none', 'callout', 'hold', 'reply'] as const;

function requestText(chance: () => number): string {
  const mode = MODES[Math.floor(chance() * MODES.length)]!;
  const body = 'z'.repeat(Math.floor(chance() * 20_000));
  const head = `/ HTTP/1.1\r\nHost: t\r\nx-mode: ${mode}\r\n`;
  const kind = chance();
  if (kind < 0.5) return `GET ${head}\r\n`;
  if (kind < 0.75) return `POST ${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  const chunk = body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`;
  return `POST ${head}Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
}

/** Sends some requests, whole or cut off, in pieces, and leaves in one way or another. */
function visit(port: number, chance: () => number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const count = 1 + Math.floor(chance() * 3);
  const text = Array.from({ length: count }, () => requestText(chance)).join('');
  const end = chance() < 0.3 ? Math.floor(chance() * text.length) : text.length;
  const bytes = Buffer.from(text.slice(0, end), 'latin1');
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: chance() < 0.3 });
  socket.on('error', () => {});
  socket.on('close', () => resolve());
  socket.on('data', () => {
    if (chance() < 0.2) socket.destroy();
  });
  const leave = () => {
    const way = chance();
    if (way < 0.3) socket.resetAndDestroy();
    else if (way < 0.7) socket.end();
    else {
      socket.once('data', () => socket.destroy());
      // All of the answer may be here already; who leaves a half open has to close it himself.
      socket.once('end', () => socket.destroy());
      if (socket.readableEnded) socket.destroy();
    }
  };
  const send = (from: number) => {
    const to = from + 1 + Math.floor(chance() * 10_000);
    socket.write(bytes.subarray(from, to), () => (to < bytes.length ? send(to) : leave()));
  };
  send(0);
  return promise;
}

function answerBy(chance: () => number): Answer {
  const kind = chance();
  if (kind < 0.05) return { status: 503 };
  if (kind < 0.1) return { raw: 'garbage\r\n\r\n', close: true };
  if (kind < 0.3) return { chunks: ['a'.repeat(50_000), 'b'], close: chance() < 0.5 };
  return { body: 'x'.repeat(Math.floor(chance() * 100_000)) };
}

test('clients that ask, stop, cut and leave as they like leave nothing behind', async () => {
  const chance = generator(20_261_121);
  await using origin = await RecordingOrigin.open({
    record: false,
    answer: () => answerBy(chance),
  });
  const [port, admin] = await freePorts(2);
  const retry = { retry_on: '5xx,reset', num_retries: 2, per_try_timeout: '0.5s' };
  const config = staticProxy({
    listenPort: port!,
    adminPort: admin!,
    upstreamPort: origin.port,
    httpFilters: [wasmFilter({ name: 'guest', file: '{{dir}}/guest.wasm' })],
    route: { timeout: '2s', retry_policy: retry },
    manager: {
      common_http_protocol_options: { idle_timeout: '0.2s' },
      request_headers_timeout: '0.5s',
      // Some send half a body and wait for an answer: nothing else ends them.
      stream_idle_timeout: '1s',
    },
  });
  const files = { 'guest.wasm': await compileGuest(FILTER) };
  const ports = [port!, admin!];
  await using proxy = await ProxyProcess.start({ config, ports, files, concurrency: 2 });
  let left = CLIENTS;
  const visitor = async () => {
    while (left-- > 0) await visit(port!, chance);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitor));
  await waitFor('all of it to end', async () => {
    const stats = await statsOf(admin!);
    expect({
      requests: stats.get('http.ingress.downstream_rq_active'),
      connections: stats.get(`listener.127.0.0.1_${port}.downstream_cx_active`),
      upstream: (await hostStats(admin!, 'origin')).get('rq_active'),
    }).toEqual({ requests: 0, connections: 0, upstream: 0 });
    return true;
  });
  expect((await fetchRaw(port!, 'GET / HTTP/1.1', [['x-mode', 'reply']])).status).toBe(403);
  expect(proxy.child.stderr).toBe('');
});
