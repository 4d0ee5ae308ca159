import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@lateen/sdk/base/json';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { H2_PREFACE, settingsFrame } from '../../test/kit/h2-frames.ts';
import { RecordingOrigin } from '../../test/kit/recording-origin.ts';
import { type Step, steps, UnrulyServer } from '../../test/kit/unruly-server.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { ClusterBench, clusterConfig, lbEndpoints } from '../testing/cluster-bench.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const hello: Handler = (stream) => {
  stream.respond({ ':status': 200 });
  stream.end('hello');
};

async function serve(handler: Handler = hello, options: ServerOptions = {}) {
  const server = createServer(options);
  const sessions: ServerHttp2Session[] = [];
  const streams: ServerHttp2Stream[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    streams.push(stream);
    stream.on('error', () => {});
    handler(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sessions, streams };
}

async function unruly(script: readonly Step[]) {
  const server = await UnrulyServer.open(script);
  closing.push(() => server[Symbol.asyncDispose]());
  return server;
}

const http2 = (options: JsonObject = {}, common: JsonObject = {}): JsonObject => ({
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      explicitHttpConfig: { http2ProtocolOptions: options },
      commonHttpProtocolOptions: common,
    },
  },
});

function config(port: number, part: JsonObject = http2()) {
  return clusterConfig({
    loadAssignment: { endpoints: [{ lbEndpoints: lbEndpoints([port]) }] },
    ...part,
  });
}

function open(port: number, part: JsonObject = http2()) {
  const bench = new ClusterBench({ clock: new SteppedClock() });
  closing.push(() => bench.manager.close());
  bench.manager.upsert(config(port, part));
  return bench;
}

const answered = { kind: 'answered', status: '200', body: 'hello' };

describe('HTTP/2 connections to one host', () => {
  it('carry many requests at a time', async () => {
    const server = await serve();
    const bench = open(server.port);
    const attempts = Array.from({ length: 80 }, (_, i) => bench.probe({ path: `/${i}` }));
    for (const attempt of attempts) expect(await attempt.outcome).toEqual(answered);
    expect(attempts.map(({ reused }) => reused)).toEqual(attempts.map((_, i) => i > 0));
    expect(server.sessions).toHaveLength(1);
    await waitFor('all to be over', () => bench.stat('upstream_rq_active') === 0);
    expect(bench.stat('upstream_cx_http2_total')).toBe(1);
    expect(bench.stat('upstream_cx_http1_total')).toBe(0);
    expect(bench.stat('upstream_rq_total')).toBe(80);
    expect(bench.stat('upstream_rq_pending_active')).toBe(0);
  });

  it.each([
    ['the cluster allows', http2({ maxConcurrentStreams: 2 }), {}],
    ['the server allows', http2(), { settings: { maxConcurrentStreams: 2 } }],
  ])('never carry more than %s; others are opened beside them', async (_, part, options) => {
    const held: ServerHttp2Stream[] = [];
    const server = await serve((stream) => held.push(stream), options);
    const bench = open(server.port, part);
    const attempts = [bench.probe(), bench.probe(), bench.probe(), bench.probe(), bench.probe()];
    await waitFor('all five', () => held.length === 5);
    expect(server.sessions).toHaveLength(3);
    for (const stream of held) hello(stream, {});
    for (const attempt of attempts) expect(await attempt.outcome).toEqual(answered);
  });

  it('let requests wait where no further connection is allowed', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await serve((stream) => held.push(stream));
    const bench = open(server.port, {
      ...http2({ maxConcurrentStreams: 1 }),
      circuitBreakers: { thresholds: [{ maxConnections: 1 }] },
    });
    const first = bench.probe();
    const second = bench.probe();
    await waitFor('the first', () => held.length === 1);
    expect(bench.stat('upstream_rq_pending_active')).toBe(1);
    hello(held[0], {});
    await first.outcome;
    await waitFor('the second', () => held.length === 2);
    hello(held[1], {});
    expect(await second.outcome).toEqual(answered);
    expect(server.sessions).toHaveLength(1);
  });

  it('refuse what the circuit breakers refuse', async () => {
    const server = await serve(() => {});
    const bench = open(server.port, {
      ...http2(),
      circuitBreakers: { thresholds: [{ maxRequests: 1, maxPendingRequests: 2 }] },
    });
    const attempts = [bench.probe(), bench.probe(), bench.probe()];
    expect(await attempts[2].outcome).toMatchObject({ failure: 'overflow' });
    expect(await attempts[1].outcome).toMatchObject({ failure: 'overflow' });
    expect(bench.stat('upstream_rq_pending_overflow')).toBe(2);
    expect(bench.stat('upstream_rq_active')).toBe(1);
    attempts[0].cancel();
    await waitFor('the first to be over', () => bench.stat('upstream_rq_active') === 0);
    expect(bench.stat('upstream_cx_active')).toBe(1);
  });

  it('serve so many requests and no more', async () => {
    const server = await serve();
    const bench = open(server.port, http2({}, { maxRequestsPerConnection: 2 }));
    for (let i = 0; i < 5; i++) expect(await bench.probe().outcome).toEqual(answered);
    expect(server.sessions).toHaveLength(3);
    expect(bench.stat('upstream_cx_max_requests')).toBe(2);
    await waitFor('worn out ones to close', () => bench.stat('upstream_cx_active') === 1);
  });

  it('close when they have idled long enough, not while a stream is open', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await serve((stream) => held.push(stream));
    const bench = open(server.port, http2({}, { idleTimeout: '10s' }));
    const attempt = bench.probe();
    await waitFor('the request', () => held.length === 1);
    bench.clock.advance(30_000);
    expect(bench.stat('upstream_cx_idle_timeout')).toBe(0);
    hello(held[0], {});
    await attempt.outcome;
    await waitFor('the end', () => bench.stat('upstream_rq_active') === 0);
    bench.clock.advance(9_999);
    expect(bench.stat('upstream_cx_active')).toBe(1);
    bench.clock.advance(1);
    expect(bench.stat('upstream_cx_active')).toBe(0);
    expect(bench.stat('upstream_cx_idle_timeout')).toBe(1);
    await waitFor('the server to see it', () => server.sessions[0].destroyed);
  });

  it('are replaced after GOAWAY, and nobody notices', async () => {
    const server = await serve();
    const bench = open(server.port);
    const outcomes: Promise<unknown>[] = [];
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 10; i++) outcomes.push(bench.probe().outcome);
      await outcomes[outcomes.length - 10];
      // Only when it has nothing in hand may a server leave without refusing any.
      await Promise.all(outcomes);
      const last = server.sessions.at(-1);
      last?.close();
      await waitFor('GOAWAY', () => bench.stat('upstream_cx_close_notify') === round + 1);
    }
    for (const outcome of outcomes) expect(await outcome).toEqual(answered);
    expect(server.sessions).toHaveLength(20);
    await waitFor('all to close', () => bench.stat('upstream_cx_active') === 0);
    expect(bench.stat('upstream_cx_destroy_with_active_rq')).toBe(0);
  });

  it('finish what they carry when their host leaves', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await serve((stream) => held.push(stream));
    const bench = open(server.port);
    const attempt = bench.probe();
    await waitFor('the request', () => held.length === 1);
    bench.manager.upsert(clusterConfig({ ...http2(), loadAssignment: { endpoints: [] } }));
    expect(await bench.probe().outcome).toMatchObject({ failure: 'no-healthy-host' });
    hello(held[0], {});
    expect(await attempt.outcome).toEqual(answered);
    await waitFor('the connection to close', () => bench.stat('upstream_cx_active') === 0);
  });

  it('are cut when the cluster is closed', async () => {
    const server = await serve(() => {});
    const bench = open(server.port);
    const attempt = bench.probe();
    await waitFor('the request', () => server.streams.length === 1);
    bench.manager.close();
    expect(await attempt.outcome).toEqual({ kind: 'reset', reason: 'local-reset' });
    expect(bench.stat('upstream_cx_active')).toBe(0);
    expect(bench.stat('upstream_rq_active')).toBe(0);
    expect(bench.stat('upstream_cx_destroy_with_active_rq')).toBe(1);
  });
});

describe('a server that is none of HTTP/2', () => {
  it('but of HTTP/1 is a connect failure that says so', async () => {
    const server = await RecordingOrigin.open();
    closing.push(() => server[Symbol.asyncDispose]());
    const bench = open(server.port);
    const outcome = await bench.probe().outcome;
    expect(outcome).toMatchObject({ kind: 'failed', failure: 'connect-failure' });
    expect(outcome).toMatchObject({ detail: expect.stringContaining('no HTTP/2 connection') });
    expect(bench.stat('upstream_cx_connect_fail')).toBe(1);
    expect(bench.stat('upstream_cx_active')).toBe(0);
  });

  it('but says nothing is a connect timeout', async () => {
    const server = await unruly([steps.stall]);
    const bench = open(server.port, { ...http2(), connectTimeout: '2s' });
    const attempt = bench.probe();
    const connection = await server.connection(0);
    await waitFor('our preface', () => connection.received.length > H2_PREFACE.length);
    bench.clock.advance(2000);
    expect(await attempt.outcome).toEqual({
      kind: 'failed',
      failure: 'connect-timeout',
      detail: 'connect timeout: the server sent no HTTP/2 settings',
    });
    expect(bench.stat('upstream_cx_connect_timeout')).toBe(1);
    await waitFor('the connection to close', () => connection.peer !== 'open');
  });

  it('and refuses connections is a connect failure', async () => {
    const server = await unruly([]);
    await server.refuse();
    const bench = open(server.port);
    expect(await bench.probe().outcome).toMatchObject({
      failure: 'connect-failure',
      detail: 'ECONNREFUSED',
    });
  });
});

describe('attempts', () => {
  it('that are withdrawn while they wait never reach the server', async () => {
    const server = await unruly([
      steps.read(H2_PREFACE),
      steps.stall,
      steps.send(settingsFrame()),
      steps.stall,
    ]);
    const bench = open(server.port);
    const attempt = bench.probe();
    const connection = await server.connection(0);
    attempt.cancel();
    expect(bench.stat('upstream_rq_cancelled')).toBe(1);
    connection.resume();
    await waitFor('the connection', () => bench.stat('upstream_cx_active') === 1);
    expect(bench.stat('upstream_rq_total')).toBe(0);
    expect(attempt.late).toBe(0);
  });

  it('that the server refuses are told apart from resets', async () => {
    const codes = [7, 8];
    const server = await serve((stream) => stream.close(codes.shift()));
    const bench = open(server.port);
    expect(await bench.probe().outcome).toEqual({ kind: 'reset', reason: 'refused-stream' });
    expect(await bench.probe().outcome).toEqual({ kind: 'reset', reason: 'remote-reset' });
    expect(server.sessions).toHaveLength(1);
  });

  it('that are cancelled reset their stream only', async () => {
    const codes: number[] = [];
    const server = await serve((stream, headers) => {
      if (headers[':path'] === '/good') return hello(stream, headers);
      stream.on('close', () => codes.push(stream.rstCode));
    });
    const bench = open(server.port);
    const attempts = [bench.probe(), bench.probe()];
    await waitFor('both', () => server.streams.length === 2);
    for (const attempt of attempts) attempt.cancel();
    await waitFor('the resets', () => codes.length === 2);
    expect(codes).toEqual([8, 8]);
    expect(await bench.probe({ path: '/good' }).outcome).toEqual(answered);
    expect(server.sessions).toHaveLength(1);
    expect(attempts.map(({ late }) => late)).toEqual([0, 0]);
  });
});

describe('a cluster that changes what it speaks', () => {
  it('finishes on the old connections, and opens new ones', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await serve((stream) => held.push(stream));
    const bench = open(server.port);
    const attempt = bench.probe();
    await waitFor('the request', () => held.length === 1);
    bench.manager.upsert(config(server.port, {}));
    const other = bench.probe();
    await waitFor('a connection of HTTP/1', () => bench.stat('upstream_cx_http1_total') === 1);
    other.cancel();
    hello(held[0], {});
    expect(await attempt.outcome).toEqual(answered);
    bench.manager.upsert(config(server.port));
    const again = bench.probe();
    await waitFor('the request', () => held.length === 2);
    hello(held[1], {});
    expect(await again.outcome).toEqual(answered);
    expect(bench.stat('upstream_cx_http1_total')).toBe(1);
  });
});
