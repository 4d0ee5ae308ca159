import { afterAll, beforeAll, expect, test } from 'vitest';
import { staticProxy } from '../../kit/envoy-config.ts';
import { freePorts } from '../../kit/free-port.ts';
import { RawClient } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { SteadyLoad } from '../../kit/steady-load.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { hostStats, statsOf } from './admin-pages.ts';
import { ProxyProcess } from './proxy-process.ts';

const resources = new AsyncDisposableStack();
let origin: RecordingOrigin;
let port: number;
let admin: number;

beforeAll(async () => {
  origin = await RecordingOrigin.open({ answer: () => 'ok', record: false });
  const [first, second] = await freePorts(2);
  port = first!;
  admin = second!;
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port, adminPort: admin });
  const ports = [port, admin];
  resources.use(await ProxyProcess.start({ config, ports, concurrency: 2 }));
});

afterAll(async () => {
  await resources.disposeAsync();
  await origin[Symbol.asyncDispose]();
});

/** Nothing that served the load is left. */
async function quiet(): Promise<void> {
  await waitFor('all connections to end', async () => {
    const stats = await statsOf(admin);
    const left = {
      requests: stats.get('http.ingress.downstream_rq_active'),
      connections: stats.get(`listener.127.0.0.1_${port}.downstream_cx_active`),
      upstream: (await hostStats(admin, 'origin')).get('rq_active'),
    };
    expect(left).toEqual({ requests: 0, connections: 0, upstream: 0 });
    return true;
  });
}

test('both workers accept, each with connections of its own to the origin', async () => {
  const before = origin.connections.length;
  const clients = await Promise.all(Array.from({ length: 64 }, () => RawClient.connect({ port })));
  // One after the other: one worker alone would use one connection for all of them.
  for (const client of clients) expect((await client.request('GET / HTTP/1.1')).status).toBe(200);
  expect(origin.connections.length - before).toBe(2);
  for (const client of clients) await client[Symbol.asyncDispose]();
  await quiet();
});

test('64 connections get an answer to everything they ask', async () => {
  const load = new SteadyLoad({ url: `http://127.0.0.1:${port}/`, concurrency: 64 });
  await waitFor('3,000 answers', () => load.counts.ok >= 3_000, { deadlineMs: 15_000 });
  await load[Symbol.asyncDispose]();
  expect(load.counts.failures).toEqual([]);
  await quiet();
});

test('new connections for every request get an answer each', async () => {
  const url = `http://127.0.0.1:${port}/`;
  const load = new SteadyLoad({ url, concurrency: 32, keepAlive: false });
  await waitFor('1,000 answers', () => load.counts.ok >= 1_000, { deadlineMs: 15_000 });
  await load[Symbol.asyncDispose]();
  expect(load.counts.failures).toEqual([]);
  await quiet();
});

test('while the origin restarts, answers are its own or 503, and nothing else', async () => {
  const load = new SteadyLoad({ url: `http://127.0.0.1:${port}/`, concurrency: 64 });
  for (let restart = 0; restart < 3; restart++) {
    const ok = load.counts.ok;
    await waitFor('answers', () => load.counts.ok > ok + 300, { deadlineMs: 10_000 });
    const again = origin.port;
    await origin[Symbol.asyncDispose]();
    const failed = load.counts.failures.length;
    await waitFor('failures', () => load.counts.failures.length > failed + 50);
    origin = await RecordingOrigin.open({ answer: () => 'ok', record: false, port: again });
  }
  const ok = load.counts.ok;
  await waitFor('answers again', () => load.counts.ok > ok + 300, { deadlineMs: 10_000 });
  await load[Symbol.asyncDispose]();
  expect(new Set(load.counts.failures)).toEqual(new Set(['503']));
  await quiet();
});
