import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { RecordingOrigin } from '../../test/kit/recording-origin.ts';
import { steps, UnrulyServer } from '../../test/kit/unruly-server.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { AttemptProbe } from '../testing/attempt-probe.ts';
import { ClusterBench, clusterConfig as config, lbEndpoints } from '../testing/cluster-bench.ts';
import { type Assignment, parseAssignment } from './assignment.ts';
import { mergeStatuses } from './cluster-status.ts';
import { clustersJson, clustersText } from './clusters-page.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function open() {
  let draw = 0;
  const random = (): number => {
    draw = (draw + 0.37) % 1;
    return draw;
  };
  const bench = new ClusterBench({ clock: new SteppedClock(), random });
  closing.push(() => bench.manager.close());
  return bench;
}

const EDS = { type: 'EDS', edsClusterConfig: { edsConfig: { ads: {} } } };

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
    const bench = open();
    const { manager } = bench;
    manager.upsert(config(EDS));
    let ready = false;
    const whenReady = manager.ready('c').then(() => {
      ready = true;
    });
    expect(await bench.probe().outcome).toEqual({
      kind: 'failed',
      failure: 'no-healthy-host',
      detail: 'no healthy upstream',
    });
    expect(bench.stat('upstream_cx_none_healthy')).toBe(1);
    expect(ready).toBe(false);
    manager.assign(assignment(server.port));
    await whenReady;
    expect((await bench.probe().outcome).kind).toBe('answered');
    expect(manager.get('c')?.endpointCount).toBe(1);
    expect(bench.stat('membership_total')).toBe(1);
  });

  it('take an assignment that came before them', async () => {
    const [server] = await origins(1);
    const bench = open();
    const { manager } = bench;
    manager.apply({
      clusters: [config(EDS)],
      removedClusters: [],
      assignments: [assignment(server.port)],
    });
    await manager.ready('c');
    expect((await bench.probe().outcome).kind).toBe('answered');
  });

  it('keep the connections of hosts that stay, and close idle ones of hosts that leave', async () => {
    const [stays, leaves] = await origins(2);
    const bench = open();
    const { manager } = bench;
    manager.upsert(config(EDS));
    manager.assign(assignment(stays.port, leaves.port));
    await bench.probe().outcome;
    await bench.probe().outcome;
    expect(bench.stat('upstream_cx_active')).toBe(2);
    manager.assign(assignment(stays.port));
    await waitFor('the idle connection to close', () => leaves.connections[0].closed);
    expect(bench.stat('upstream_cx_active')).toBe(1);
    const next = bench.probe();
    expect(next.reused).toBe(true);
    await next.outcome;
    expect(stays.connections).toHaveLength(1);
    expect(leaves.requestCount).toBe(1);
    expect(bench.stat('membership_change')).toBe(2);
  });

  it('finish a request whose host has left, then close its connection', async () => {
    const server = await UnrulyServer.open([
      steps.readHead,
      steps.stall,
      steps.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    ]);
    closing.push(() => server[Symbol.asyncDispose]());
    const bench = open();
    const { manager } = bench;
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const busy = bench.probe();
    const waiting = bench.probe();
    await waitFor('both requests', () => server.connections.length === 2);
    manager.assign(assignment());
    expect(await bench.probe().outcome).toMatchObject({ failure: 'no-healthy-host' });
    for (const connection of server.connections) connection.resume();
    expect(await busy.outcome).toMatchObject({ kind: 'answered', body: 'ok' });
    expect(await waiting.outcome).toMatchObject({ kind: 'answered', body: 'ok' });
    expect(bench.stat('upstream_cx_active')).toBe(0);
  });

  it('serve on through a hundred endpoint changes without a failed request', async () => {
    const servers = await origins(4);
    const bench = open();
    const { manager } = bench;
    manager.upsert(config(EDS));
    const ports = servers.map((server) => server.port);
    manager.assign(assignment(...ports));
    let failures = 0;
    let stop = false;
    const load = async (): Promise<void> => {
      while (!stop) {
        const outcome = await bench.probe().outcome;
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
    const bench = open();
    const { manager } = bench;
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const busy = bench.probe();
    const connection = await server.connection(0);
    manager.assign(assignment());
    manager.assign(assignment(server.port));
    await waitFor('the request', () => connection.stepsDone === 1);
    connection.resume();
    await busy.outcome;
    const next = bench.probe();
    expect(next.reused).toBe(true);
    await next.outcome;
  });
});

describe('clusters', () => {
  it('take a new configuration over without losing a connection', async () => {
    const [server] = await origins(1);
    const bench = open();
    const { manager, clock } = bench;
    const loadAssignment = { endpoints: [{ lbEndpoints: lbEndpoints([server.port]) }] };
    manager.upsert(config({ loadAssignment }));
    const cluster = manager.get('c');
    await bench.probe().outcome;
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
    expect(await bench.probe().outcome).toMatchObject({ failure: 'overflow' });
    clock.advance(3_600_000);
    expect(bench.stat('upstream_cx_active')).toBe(0);
  });

  it('move to other endpoints when their kind changes', async () => {
    const [first, second] = await origins(2);
    const bench = open();
    const { manager } = bench;
    const loadAssignment = { endpoints: [{ lbEndpoints: lbEndpoints([first.port]) }] };
    manager.upsert(config({ loadAssignment }));
    await bench.probe().outcome;
    manager.assign(assignment(second.port));
    expect(await bench.probe().outcome).toMatchObject({ body: '0' });
    manager.upsert(config(EDS));
    expect(await bench.probe().outcome).toMatchObject({ body: '1' });
  });

  it('are gone for new requests when removed, and end what is under way', async () => {
    const [server] = await origins(1);
    const bench = open();
    const { manager } = bench;
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const cluster = manager.get('c');
    await bench.probe().outcome;
    const busy = bench.probe();
    manager.remove('c');
    expect(manager.get('c')).toBeUndefined();
    expect(await busy.outcome).toMatchObject({ kind: 'answered' });
    if (cluster === undefined) throw new Error('no cluster');
    expect(await new AttemptProbe(cluster).outcome).toMatchObject({ failure: 'no-healthy-host' });
    await waitFor('the connection to close', () => bench.stat('upstream_cx_active') === 0);
  });

  it('prefer hosts that were not tried before', async () => {
    const servers = await origins(3);
    const bench = open();
    const { manager } = bench;
    manager.upsert(config(EDS));
    manager.assign(assignment(...servers.map((server) => server.port)));
    for (let round = 0; round < 20; round++) {
      const first = bench.probe();
      await first.outcome;
      if (first.host === null) throw new Error('no host');
      const second = bench.probe({ wish: { avoid: [first.host], hostAttempts: 5, retry: true } });
      await second.outcome;
      expect(second.host).not.toBe(first.host);
    }
  });

  it('take what comes when every host was tried before', async () => {
    const [server] = await origins(1);
    const bench = open();
    const { manager } = bench;
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const first = bench.probe();
    await first.outcome;
    const avoid = first.host === null ? [] : [first.host];
    expect((await bench.probe({ wish: { avoid, hostAttempts: 5 } }).outcome).kind).toBe('answered');
  });

  it('cut everything when the worker ends, and leave no timer', async () => {
    const server = await UnrulyServer.open([steps.readHead, steps.stall]);
    closing.push(() => server[Symbol.asyncDispose]());
    const bench = open();
    const { manager, clock } = bench;
    manager.upsert(config(EDS));
    manager.assign(assignment(server.port));
    const busy = bench.probe();
    await waitFor('the request', () => busy.writer !== null);
    const waiting = bench.probe();
    manager.close();
    expect(await busy.outcome).toMatchObject({ kind: 'reset', reason: 'local-reset' });
    expect(await waiting.outcome).toMatchObject({ kind: 'failed' });
    expect(clock.pending).toBe(0);
  });
});

describe('/clusters', () => {
  it('shows hosts and figures, those of all workers added up', async () => {
    const [server] = await origins(1);
    const bench = open();
    const { manager } = bench;
    manager.upsert(config({ ...EDS, circuitBreakers: { thresholds: [{ maxRequests: 5 }] } }));
    manager.assign(assignment(server.port));
    await bench.probe().outcome;
    const merged = mergeStatuses([manager.status(), manager.status()]);
    const text = clustersText(merged);
    const address = `127.0.0.1:${server.port}`;
    expect(text).toContain('c::default_priority::max_requests::5\n');
    expect(text).toContain('c::eds_service_name::c\n');
    expect(text).toContain(`c::${address}::cx_active::2\n`);
    expect(text).toContain(`c::${address}::rq_total::2\n`);
    expect(text).toContain(`c::${address}::health_flags::healthy\n`);
    expect(clustersJson(merged)).toMatchObject({
      cluster_statuses: [
        {
          name: 'c',
          eds_service_name: 'c',
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
