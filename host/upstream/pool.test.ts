import type { JsonObject } from '@lateen/sdk/base/json';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { RecordingOrigin } from '../../test/kit/recording-origin.ts';
import { type Step, steps, UnrulyServer } from '../../test/kit/unruly-server.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import type { AttemptProbe } from '../testing/attempt-probe.ts';
import { ClusterBench, clusterConfig, lbEndpoints } from '../testing/cluster-bench.ts';
import { UpstreamCluster } from './cluster.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** One static cluster with one host. */
function open(port: number, part: JsonObject = {}) {
  const bench = new ClusterBench({ clock: new SteppedClock() });
  closing.push(() => bench.manager.close());
  const loadAssignment = { endpoints: [{ lbEndpoints: lbEndpoints([port]) }] };
  bench.manager.upsert(clusterConfig({ loadAssignment, ...part }));
  return bench;
}

async function origin(
  ...options: Parameters<typeof RecordingOrigin.open>
): Promise<RecordingOrigin> {
  const server = await RecordingOrigin.open(...options);
  closing.push(() => server[Symbol.asyncDispose]());
  return server;
}

async function unruly(script: readonly Step[] | ((n: number) => readonly Step[])) {
  const server = await UnrulyServer.open(script);
  closing.push(() => server[Symbol.asyncDispose]());
  return server;
}

const breakers = (limits: JsonObject): JsonObject => ({
  circuitBreakers: { thresholds: [limits] },
});
const http = (options: JsonObject): JsonObject => ({
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      explicitHttpConfig: { httpProtocolOptions: {} },
      commonHttpProtocolOptions: options,
    },
  },
});

describe('connections to one host', () => {
  it('are used again, one request at a time', async () => {
    const server = await origin({ answer: () => 'hello' });
    const bench = open(server.port);
    for (let i = 0; i < 3; i++) {
      const attempt = bench.probe({ path: `/${i}` });
      expect(await attempt.outcome).toEqual({ kind: 'answered', status: '200', body: 'hello' });
      expect(attempt.reused).toBe(i > 0);
      expect(attempt.connection).toMatchObject({
        id: 1,
        localAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      });
      expect(attempt.host?.address).toBe(`127.0.0.1:${server.port}`);
    }
    expect(server.connections).toHaveLength(1);
    expect(server.faults).toEqual([]);
    expect(bench.stat('upstream_cx_total')).toBe(1);
    expect(bench.stat('upstream_rq_total')).toBe(3);
    expect(bench.stat('upstream_rq_active')).toBe(0);
  });

  it('hand an idle connection over before `open` returns', async () => {
    const server = await origin();
    const bench = open(server.port);
    const first = bench.probe();
    expect(first.writer).toBeNull();
    await first.outcome;
    expect(bench.probe().writer).not.toBeNull();
  });

  it('are as many as there are requests at once', async () => {
    const server = await unruly([steps.readHead, steps.stall]);
    const bench = open(server.port);
    const attempts = [bench.probe(), bench.probe(), bench.probe()];
    await waitFor('three requests', () => server.connections.length === 3);
    expect(bench.stat('upstream_rq_active')).toBe(3);
    expect(bench.stat('upstream_rq_pending_active')).toBe(0);
    for (const attempt of attempts) attempt.cancel();
    await waitFor('the end of all', () => bench.stat('upstream_cx_active') === 0);
    expect(bench.stat('upstream_rq_active')).toBe(0);
    expect(attempts.map((attempt) => attempt.late)).toEqual([0, 0, 0]);
  });

  it('serve who waits as soon as one of them is free', async () => {
    const server = await unruly([
      steps.readHead,
      steps.stall,
      steps.send('HTTP/1.1 204 No Content\r\n\r\n'),
      steps.readHead,
      steps.send('HTTP/1.1 204 No Content\r\n\r\n'),
    ]);
    const bench = open(server.port, breakers({ maxConnections: 1 }));
    const first = bench.probe();
    const second = bench.probe();
    const connection = await server.connection(0);
    await waitFor('the first request', () => connection.stepsDone === 1);
    expect(bench.stat('upstream_rq_pending_active')).toBe(1);
    expect(bench.stat('upstream_cx_overflow')).toBeGreaterThan(0);
    connection.resume();
    expect(await first.outcome).toMatchObject({ status: '204' });
    expect(await second.outcome).toMatchObject({ status: '204' });
    expect(server.connections).toHaveLength(1);
    expect(second.reused).toBe(true);
  });

  it('are closed after so many requests', async () => {
    const server = await origin();
    const bench = open(server.port, http({ maxRequestsPerConnection: 2 }));
    for (let i = 0; i < 5; i++) await bench.probe().outcome;
    expect(server.connections.map((connection) => connection.requests.length)).toEqual([2, 2, 1]);
    expect(bench.stat('upstream_cx_max_requests')).toBe(2);
  });

  it('are closed when idle for too long, each in its time', async () => {
    const server = await origin();
    const bench = open(server.port, http({ idleTimeout: '10s' }));
    const { clock } = bench;
    const both = [bench.probe(), bench.probe()];
    await Promise.all(both.map((attempt) => attempt.outcome));
    clock.advance(6000);
    await bench.probe().outcome;
    clock.advance(6000);
    expect(bench.stat('upstream_cx_idle_timeout')).toBe(1);
    expect(bench.stat('upstream_cx_active')).toBe(1);
    clock.advance(3999);
    expect(bench.stat('upstream_cx_active')).toBe(1);
    clock.advance(1);
    expect(bench.stat('upstream_cx_active')).toBe(0);
    expect((await bench.probe().outcome).kind).toBe('answered');
  });

  it('are not used beyond their longest duration', async () => {
    const server = await origin();
    const bench = open(server.port, http({ maxConnectionDuration: '60s' }));
    const { clock } = bench;
    await bench.probe().outcome;
    clock.advance(59_999);
    await bench.probe().outcome;
    expect(bench.stat('upstream_cx_total')).toBe(1);
    clock.advance(1);
    await bench.probe().outcome;
    expect(bench.stat('upstream_cx_total')).toBe(2);
    expect(bench.stat('upstream_cx_max_duration_reached')).toBe(1);
  });

  it('are forgotten when the server closes them while they idle', async () => {
    const server = await unruly((index) =>
      index === 0
        ? [steps.readHead, steps.send('HTTP/1.1 204 No Content\r\n\r\n'), steps.stall, steps.close]
        : [steps.readHead, steps.send('HTTP/1.1 204 No Content\r\n\r\n')],
    );
    const bench = open(server.port);
    await bench.probe().outcome;
    (await server.connection(0)).resume();
    await waitFor('the close to be seen', () => bench.stat('upstream_cx_active') === 0);
    const next = bench.probe();
    expect(await next.outcome).toMatchObject({ status: '204' });
    expect(next.reused).toBe(false);
  });

  it.each<[string, readonly Step[]]>([
    [
      'says close',
      [steps.send('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')],
    ],
    ['answers HTTP/1.0', [steps.send('HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n')]],
    ['sends more than its answer', [steps.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nX')]],
  ])('are not used again when the server %s', async (_, answer) => {
    const server = await unruly([steps.readHead, ...answer]);
    const bench = open(server.port);
    expect(await bench.probe().outcome).toMatchObject({ kind: 'answered', status: '200' });
    await waitFor('the close', () => bench.stat('upstream_cx_active') === 0);
    const next = bench.probe();
    expect(await next.outcome).toMatchObject({ kind: 'answered' });
    expect(next.reused).toBe(false);
  });

  it('are not used again after an answer that came before the request was complete', async () => {
    const early = 'HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n';
    const server = await unruly([steps.readHead, steps.send(early)]);
    const bench = open(server.port);
    const attempt = bench.probe({ method: 'POST', body: 'abc', hold: true });
    expect(await attempt.outcome).toMatchObject({ status: '413' });
    attempt.cancel();
    await waitFor('the close', () => bench.stat('upstream_cx_active') === 0);
    expect(bench.stat('upstream_rq_active')).toBe(0);
  });
});

describe('connections that fail', () => {
  it('tell everybody who waits when the host refuses', async () => {
    const server = await unruly([]);
    await server.refuse();
    const bench = open(server.port);
    const attempts = [bench.probe(), bench.probe(), bench.probe()];
    const outcomes = await Promise.all(attempts.map((attempt) => attempt.outcome));
    for (const outcome of outcomes) {
      expect(outcome).toEqual({
        kind: 'failed',
        failure: 'connect-failure',
        detail: 'ECONNREFUSED',
      });
    }
    expect(attempts[0].host?.address).toBe(`127.0.0.1:${server.port}`);
    await waitFor('all connections to fail', () => bench.stat('upstream_cx_connect_fail') === 3);
    expect(bench.stat('upstream_rq_pending_failure_eject')).toBe(3);
    expect(bench.stat('upstream_cx_active')).toBe(0);
    expect(bench.stat('upstream_rq_pending_active')).toBe(0);
  });

  it('give up when connecting takes too long', async () => {
    // The clock is advanced before the event loop turns, so that no handshake can be over.
    const { port } = await unruly([]);
    const bench = open(port, { connectTimeout: '2s' });
    const { clock } = bench;
    const attempt = bench.probe();
    clock.advance(1999);
    expect(bench.stat('upstream_cx_connect_fail')).toBe(0);
    clock.advance(1);
    expect(await attempt.outcome).toEqual({
      kind: 'failed',
      failure: 'connect-timeout',
      detail: 'connect timeout',
    });
    expect(bench.stat('upstream_cx_connect_timeout')).toBe(1);
    expect(bench.stat('upstream_cx_active')).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it.each<[string, readonly Step[], string]>([
    ['resets before its answer', [steps.reset], 'remote-reset'],
    ['closes before its answer', [steps.close], 'remote-reset'],
    ['closes amid a head', [steps.send('HTTP/1.1 2'), steps.close], 'remote-reset'],
    [
      'closes amid a body',
      [steps.send('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'), steps.close],
      'remote-reset',
    ],
    ['answers nonsense', [steps.send('nonsense\r\n\r\n')], 'protocol-error'],
  ])('reset the message when the server %s', async (_, script, reason) => {
    const server = await unruly([steps.readHead, ...script]);
    const bench = open(server.port);
    const attempt = bench.probe();
    expect(await attempt.outcome).toEqual({ kind: 'reset', reason });
    attempt.cancel();
    await waitFor('the close', () => bench.stat('upstream_cx_active') === 0);
    expect(bench.stat('upstream_rq_active')).toBe(0);
    expect(bench.stat('upstream_cx_destroy_with_active_rq')).toBe(1);
    expect(attempt.late).toBe(0);
  });
});

describe('circuit breakers', () => {
  it('refuse who would wait beyond the limit, at once', async () => {
    const server = await unruly([steps.readHead, steps.stall]);
    const limits = { maxConnections: 1, maxPendingRequests: 1 };
    const bench = open(server.port, breakers(limits));
    const first = bench.probe();
    await waitFor('the first request', () => first.writer !== null);
    const second = bench.probe();
    const third = bench.probe();
    expect(await third.outcome).toMatchObject({ kind: 'failed', failure: 'overflow' });
    expect(bench.stat('upstream_rq_pending_overflow')).toBe(1);
    second.cancel();
    expect(bench.stat('upstream_rq_cancelled')).toBe(1);
    expect(bench.stat('upstream_rq_pending_active')).toBe(0);
    const fourth = bench.probe();
    first.cancel();
    await waitFor('the fourth request', () => fourth.writer !== null);
    expect(second.late + third.late).toBe(0);
  });

  it('limit requests under way', async () => {
    const server = await unruly([steps.readHead, steps.stall]);
    const bench = open(server.port, breakers({ maxRequests: 1 }));
    const first = bench.probe();
    await waitFor('the first request', () => first.writer !== null);
    expect(await bench.probe().outcome).toMatchObject({ failure: 'overflow' });
    first.cancel();
    const next = bench.probe();
    await waitFor('the next request', () => next.writer !== null);
  });

  it('limit retries under way, and give each back when it is over', async () => {
    const server = await origin();
    const bench = open(server.port, breakers({ maxRetries: 1 }));
    const retry = { wish: { retry: true } };
    const first = bench.probe(retry);
    expect(await bench.probe(retry).outcome).toMatchObject({ failure: 'overflow' });
    expect(bench.stat('upstream_rq_retry_overflow')).toBe(1);
    await first.outcome;
    expect((await bench.probe(retry).outcome).kind).toBe('answered');
    const third = bench.probe(retry);
    third.cancel();
    expect((await bench.probe(retry).outcome).kind).toBe('answered');
  });

  it('leave every count at zero after a storm of requests, cancels and failures', async () => {
    const good = [steps.readHead, steps.send('HTTP/1.1 204 No Content\r\n\r\n')];
    const server = await unruly((index) => [
      ...new Array(index % 4).fill(good).flat(),
      steps.readHead,
      steps.reset,
    ]);
    const limits = { maxConnections: 5, maxPendingRequests: 20, maxRequests: 4 };
    const bench = open(server.port, breakers(limits));
    const { manager } = bench;
    const known = manager.get('c');
    const attempts: AttemptProbe[] = [];
    for (let i = 0; i < 200; i++) {
      const attempt = bench.probe(i % 7 === 0 ? { wish: { retry: true } } : {});
      attempts.push(attempt);
      if (i % 5 === 0) attempt.cancel();
      if (i % 10 === 9) await attempt.outcome;
    }
    await waitFor('the dust to settle', () => bench.stat('upstream_rq_active') === 0);
    expect(bench.stat('upstream_rq_pending_active')).toBe(0);
    expect(attempts.reduce((sum, attempt) => sum + attempt.late, 0)).toBe(0);
    manager.close();
    const cluster = known;
    if (!(cluster instanceof UpstreamCluster)) throw new Error('another kind of cluster');
    const kinds = ['connections', 'pending', 'requests', 'retries'] as const;
    expect(kinds.map((kind) => cluster.breakers.inUse(kind))).toEqual([0, 0, 0, 0]);
  });
});
