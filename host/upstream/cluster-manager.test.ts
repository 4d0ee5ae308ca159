import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import { ok } from '@lateen/sdk/base/result';
import { afterEach, describe, expect, it } from 'vitest';
import { RecordingOrigin } from '../../test/kit/recording-origin.ts';
import { SteppedClock } from '../../test/kit/stepped-clock.ts';
import { steps, UnrulyServer } from '../../test/kit/unruly-server.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { openCodecServices } from '../http/h1-options.ts';
import { AttemptProbe, type ProbeRequest } from '../testing/attempt-probe.ts';
import { MemoryMetrics } from '../testing/memory-services.ts';
import { type Assignment, parseAssignment } from './assignment.ts';
import { type ClusterConfig, parseCluster } from './cluster-config.ts';
import { ClusterManager } from './cluster-manager.ts';
import { mergeStatuses } from './cluster-status.ts';
import { clustersJson, clustersText } from './clusters-page.ts';
import type { DnsAnswer, ResolveName } from './dns.ts';
import { createH1Codec } from './h1-codec.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function open(resolve: ResolveName = () => Promise.reject(new Error('nothing to resolve'))) {
  const clock = new SteppedClock();
  const metrics = new MemoryMetrics();
  let ids = 0;
  let draw = 0;
  const manager = new ClusterManager({
    clock,
    random: () => (draw = (draw + 0.37) % 1),
    slots: metrics,
    openCodec: createH1Codec(openCodecServices(clock)),
    nextConnectionId: () => ++ids,
    publishesMembership: true,
    resolve,
    log: silentLog,
  });
  closing.push(() => manager.close());
  const probe = (request?: ProbeRequest): AttemptProbe => {
    const cluster = manager.get('c');
    if (cluster === undefined) throw new Error('no cluster');
    return new AttemptProbe(cluster, request);
  };
  const stat = (name: string): number => metrics.values.get(`cluster.c.${name}`) ?? 0;
  return { manager, clock, metrics, probe, stat };
}

function config(part: JsonObject = {}): ClusterConfig {
  const { value, problems } = parseCluster({ name: 'c', ...part });
  if (value === null) throw new Error(JSON.stringify(problems));
  return value;
}

const EDS = { type: 'EDS', edsClusterConfig: { edsConfig: { ads: {} } } };

function lbEndpoints(ports: readonly number[], address = '127.0.0.1'): JsonObject[] {
  return ports.map((portValue) => ({
    endpoint: { address: { socketAddress: { address, portValue } } },
  }));
}

function assignment(...ports: readonly number[]): Assignment {
  const json = { clusterName: 'c', endpoints: [{ lbEndpoints: lbEndpoints(ports) }] };
  const { value } = parseAssignment(json);
  if (value === null) throw new Error('bad assignment');
  return value;
}

async function origins(count: number): Promise<readonly RecordingOrigin[]> {
  const list: RecordingOrigin[] = [];
  for (let i = 0; i < count; i++) {
    const server = await RecordingOrigin.open({ answer: () => `${i}` });
    closing.push(() => server[Symbol.asyncDispose]());
    list.push(server);
  }
  return list;
}

describe('clusters with endpoints from EDS', () => {
  it('have no host before their assignment, and are ready with it', async () => {
    const [server] = await origins(1);
    const { manager, probe, stat } = open();
    manager.upsert(config(EDS));
    let ready = false;
    const whenReady = manager.ready('c').then(() => {
      ready = true;
    });
    expect(await probe().outcome).toEqual({
      kind: 'failed',
      failure: 'no-healthy-host',
      detail: 'no healthy upstream',
    });
    expect(stat('upstream_cx_none_healthy')).toBe(1);
    expect(ready).toBe(false);
    manager.assign(assignment(server.port));
    await whenReady;
    expect((await probe().outcome).kind).toBe('answered');
    expect(manager.get('c')?.endpointCount).toBe(1);
    expect(stat('membership_total')).toBe(1);
  });

  it('take an assignment that came before them', async () => {
    const [server] = await origins(1);
    const { manager, probe } = open();
    manager.apply({
      clusters: [config(EDS)],
      removedClusters: [],
      assignments: [assignment(server.port)],
    });
    await manager.ready('c');
    expect((await probe().outcome).kind).toBe('answered');
  });

  it('keep the connections of hosts that stay, and close idle ones of hosts that leave', async () => {
    const [stays, leaves] = await origins(2);
    const { manager, probe, stat } = open();
    manager.upsert(config(EDS));
    manager.assign(assignment(stays.port, leaves.port));
    await probe().outcome;
    await probe().outcome;
    expect(stat('upstream_cx_active')).toBe(2);
    manager.assign(assignment(stays.port));
    await waitFor('the idle connection to close', () => leaves.connections[0].closed);
    expect(stat('upstream_cx_active')).toBe(1);
    const next = probe();
    expect(next.reused).toBe(true);
    await next.outcome;
    expect(stays.connections).toHaveLength(1);
    expect(leaves.requestCount).toBe(1);
    expect(stat('membership_change')).toBe(2);
  });

  it('finish a request whose host has left, then close its connection', async () => {
    const server = await UnrulyServer.open([
      steps.readHead,
      steps.stall,
      steps.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    ]);
    closing.push(() => server[Symbol.asyncDispose]());
    const { manager, probe, stat } = open();
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const busy = probe();
    const waiting = probe();
    await waitFor('both requests', () => server.connections.length === 2);
    manager.assign(assignment());
    expect(await probe().outcome).toMatchObject({ failure: 'no-healthy-host' });
    for (const connection of server.connections) connection.resume();
    expect(await busy.outcome).toMatchObject({ kind: 'answered', body: 'ok' });
    expect(await waiting.outcome).toMatchObject({ kind: 'answered', body: 'ok' });
    expect(stat('upstream_cx_active')).toBe(0);
  });

  it('serve on through a hundred endpoint changes without a failed request', async () => {
    const servers = await origins(4);
    const { manager, probe } = open();
    manager.upsert(config(EDS));
    const ports = servers.map((server) => server.port);
    manager.assign(assignment(...ports));
    let failures = 0;
    let stop = false;
    const load = async (): Promise<void> => {
      while (!stop) {
        const outcome = await probe().outcome;
        if (outcome.kind !== 'answered') failures++;
      }
    };
    const clients = Array.from({ length: 8 }, load);
    for (let round = 0; round < 100; round++) {
      const keep = ports.filter((_, index) => (round + index) % 4 !== 0);
      manager.assign(assignment(...keep));
      await new Promise((resolve) => setImmediate(resolve));
    }
    stop = true;
    await Promise.all(clients);
    expect(failures).toBe(0);
    expect(servers.reduce((sum, server) => sum + server.requestCount, 0)).toBeGreaterThan(100);
    expect(servers.flatMap((server) => server.faults)).toEqual([]);
  });

  it('take back a host with the connection that it still has', async () => {
    const server = await UnrulyServer.open([
      steps.readHead,
      steps.stall,
      steps.send('HTTP/1.1 204 No Content\r\n\r\n'),
      steps.readHead,
      steps.send('HTTP/1.1 204 No Content\r\n\r\n'),
    ]);
    closing.push(() => server[Symbol.asyncDispose]());
    const { manager, probe } = open();
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const busy = probe();
    const connection = await server.connection(0);
    manager.assign(assignment());
    manager.assign(assignment(server.port));
    await waitFor('the request', () => connection.stepsDone === 1);
    connection.resume();
    await busy.outcome;
    const next = probe();
    expect(next.reused).toBe(true);
    await next.outcome;
  });
});

describe('clusters', () => {
  it('take a new configuration over without losing a connection', async () => {
    const [server] = await origins(1);
    const { manager, probe, clock, stat } = open();
    const loadAssignment = { endpoints: [{ lbEndpoints: lbEndpoints([server.port]) }] };
    manager.upsert(config({ loadAssignment }));
    const cluster = manager.get('c');
    await probe().outcome;
    manager.upsert(
      config({
        loadAssignment,
        circuitBreakers: { thresholds: [{ maxRequests: 0 }] },
        commonHttpProtocolOptions: { idleTimeout: '1s' },
        metadata: { filterMetadata: { istio: { a: 1 } } },
      }),
    );
    expect(manager.get('c')).toBe(cluster);
    expect(manager.get('c')?.metadata).toEqual({ istio: { a: 1 } });
    expect(await probe().outcome).toMatchObject({ failure: 'overflow' });
    clock.advance(3_600_000);
    expect(stat('upstream_cx_active')).toBe(0);
  });

  it('move to other endpoints when their kind changes', async () => {
    const [first, second] = await origins(2);
    const { manager, probe } = open();
    const loadAssignment = { endpoints: [{ lbEndpoints: lbEndpoints([first.port]) }] };
    manager.upsert(config({ loadAssignment }));
    await probe().outcome;
    manager.assign(assignment(second.port));
    expect(await probe().outcome).toMatchObject({ body: '0' });
    manager.upsert(config(EDS));
    expect(await probe().outcome).toMatchObject({ body: '1' });
  });

  it('are gone for new requests when removed, and end what is under way', async () => {
    const [server] = await origins(1);
    const { manager, probe, stat } = open();
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const cluster = manager.get('c');
    await probe().outcome;
    const busy = probe();
    manager.remove('c');
    expect(manager.get('c')).toBeUndefined();
    expect(await busy.outcome).toMatchObject({ kind: 'answered' });
    if (cluster === undefined) throw new Error('no cluster');
    expect(await new AttemptProbe(cluster).outcome).toMatchObject({ failure: 'no-healthy-host' });
    await waitFor('the connection to close', () => stat('upstream_cx_active') === 0);
  });

  it('prefer hosts that were not tried before', async () => {
    const servers = await origins(3);
    const { manager, probe } = open();
    manager.upsert(config(EDS));
    manager.assign(assignment(...servers.map((server) => server.port)));
    for (let round = 0; round < 20; round++) {
      const first = probe();
      await first.outcome;
      if (first.host === null) throw new Error('no host');
      const second = probe({ wish: { avoid: [first.host], hostAttempts: 5, retry: true } });
      await second.outcome;
      expect(second.host).not.toBe(first.host);
    }
  });

  it('take what comes when every host was tried before', async () => {
    const [server] = await origins(1);
    const { manager, probe } = open();
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const first = probe();
    await first.outcome;
    const avoid = first.host === null ? [] : [first.host];
    expect((await probe({ wish: { avoid, hostAttempts: 5 } }).outcome).kind).toBe('answered');
  });

  it('cut everything when the worker ends, and leave no timer', async () => {
    const server = await UnrulyServer.open([steps.readHead, steps.stall]);
    closing.push(() => server[Symbol.asyncDispose]());
    const { manager, probe, clock } = open();
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const busy = probe();
    await waitFor('the request', () => busy.writer !== null);
    const waiting = probe();
    manager.close();
    expect(await busy.outcome).toMatchObject({ kind: 'reset', reason: 'local-reset' });
    expect(await waiting.outcome).toMatchObject({ kind: 'failed' });
    expect(clock.pending).toBe(0);
  });
});

describe('clusters with endpoints from DNS', () => {
  /** Answers as the test sets them; each call waits until the test lets it go. */
  function scripted() {
    let answer: Awaited<ReturnType<ResolveName>> = ok({ addresses: [], ttlMs: null });
    const asked: string[] = [];
    const resolve: ResolveName = (name, family) => {
      asked.push(`${name} ${family}`);
      return Promise.resolve(answer);
    };
    const say = (addresses: readonly string[], ttlMs: number | null = null): void => {
      answer = ok({ addresses, ttlMs } satisfies DnsAnswer);
    };
    const fail = (reason: string): void => {
      answer = { ok: false, error: reason };
    };
    return { resolve, asked, say, fail };
  }

  const dns = (part: JsonObject = {}): ClusterConfig =>
    config({
      type: 'STRICT_DNS',
      loadAssignment: { endpoints: [{ lbEndpoints: lbEndpoints([80], 'app.test') }] },
      ...part,
    });
  const addresses = (manager: ClusterManager): readonly string[] =>
    manager.status()[0].hosts.map((host) => host.host);

  it('use every address of the answer, and follow it', async () => {
    const { resolve, asked, say } = scripted();
    const { manager, clock, stat } = open(resolve);
    say(['10.0.0.2', '10.0.0.1']);
    manager.upsert(dns({ dnsLookupFamily: 'V4_ONLY' }));
    await manager.ready('c');
    expect(addresses(manager)).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(manager.status()[0].hosts[0].hostname).toBe('app.test');
    say(['10.0.0.3']);
    await clock.advanceAndSettle(5000);
    expect(addresses(manager)).toEqual(['10.0.0.3']);
    expect(asked).toEqual(['app.test v4-only', 'app.test v4-only']);
    expect(stat('update_success')).toBe(2);
  });

  it('keep what they had while the name cannot be resolved, asking ever more seldom', async () => {
    const { resolve, asked, say, fail } = scripted();
    const { manager, clock, stat } = open(resolve);
    say(['10.0.0.1']);
    const failure = { baseInterval: '1s', maxInterval: '4s' };
    manager.upsert(dns({ dnsFailureRefreshRate: failure }));
    await manager.ready('c');
    fail('ETIMEOUT');
    await clock.advanceAndSettle(5000);
    expect(addresses(manager)).toEqual(['10.0.0.1']);
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      const delay = clock.nextDueMs ?? 0;
      delays.push(delay);
      await clock.advanceAndSettle(delay);
    }
    const longest = [1000, 2000, 4000, 4000];
    delays.forEach((delay, index) => {
      expect(delay).toBeGreaterThanOrEqual(longest[index] * 0.8);
      expect(delay).toBeLessThanOrEqual(longest[index]);
    });
    expect(asked).toHaveLength(6);
    expect(stat('update_failure')).toBe(5);
    say(['10.0.0.9']);
    await clock.advanceAndSettle(4000);
    expect(addresses(manager)).toEqual(['10.0.0.9']);
  });

  it('are ready after a first failure, with no host', async () => {
    const { resolve, fail } = scripted();
    const { manager, probe } = open(resolve);
    fail('ENOTFOUND');
    manager.upsert(dns());
    await manager.ready('c');
    expect(await probe().outcome).toMatchObject({ failure: 'no-healthy-host' });
  });

  it('ask again when the answer expires, if they are to respect its TTL', async () => {
    const { resolve, asked, say } = scripted();
    const { manager, clock } = open(resolve);
    say(['10.0.0.1'], 30_000);
    manager.upsert(dns({ respectDnsTtl: true }));
    await manager.ready('c');
    await clock.advanceAndSettle(29_999);
    expect(asked).toHaveLength(1);
    say(['10.0.0.1'], 0);
    await clock.advanceAndSettle(1);
    expect(asked).toHaveLength(2);
    expect(clock.nextDueMs).toBe(1000);
  });

  it('stay with the address in use while a LOGICAL_DNS answer holds it', async () => {
    const { resolve, say } = scripted();
    const { manager, clock } = open(resolve);
    say(['10.0.0.1', '10.0.0.2']);
    manager.upsert(dns({ type: 'LOGICAL_DNS' }));
    await manager.ready('c');
    expect(addresses(manager)).toEqual(['10.0.0.1']);
    say(['10.0.0.2', '10.0.0.1']);
    await clock.advanceAndSettle(5000);
    expect(addresses(manager)).toEqual(['10.0.0.1']);
    say(['10.0.0.2']);
    await clock.advanceAndSettle(5000);
    expect(addresses(manager)).toEqual(['10.0.0.2']);
  });

  it('stop asking when they are removed', async () => {
    const { resolve, asked, say } = scripted();
    const { manager, clock } = open(resolve);
    say(['10.0.0.1']);
    manager.upsert(dns());
    await manager.ready('c');
    manager.remove('c');
    await clock.advanceAndSettle(60_000);
    expect(asked).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

describe('/clusters', () => {
  it('shows hosts and figures, those of all workers added up', async () => {
    const [server] = await origins(1);
    const { manager, probe } = open();
    manager.upsert(config({ ...EDS, circuitBreakers: { thresholds: [{ maxRequests: 5 }] } }));
    manager.assign(assignment(server.port));
    await probe().outcome;
    const merged = mergeStatuses([manager.status(), manager.status()]);
    const text = clustersText(merged);
    const address = `127.0.0.1:${server.port}`;
    expect(text).toContain('c::default_priority::max_requests::5\n');
    expect(text).toContain('c::added_via_api::true\n');
    expect(text).toContain(`c::${address}::cx_active::2\n`);
    expect(text).toContain(`c::${address}::rq_total::2\n`);
    expect(text).toContain(`c::${address}::health_flags::healthy\n`);
    expect(clustersJson(merged)).toMatchObject({
      cluster_statuses: [
        {
          name: 'c',
          added_via_api: true,
          host_statuses: [
            {
              address: { socket_address: { address: '127.0.0.1', port_value: server.port } },
              health_status: { eds_health_status: 'HEALTHY' },
            },
          ],
        },
      ],
    });
  });
});
