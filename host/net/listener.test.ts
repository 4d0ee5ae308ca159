import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient } from '../../test/kit/raw-client.ts';
import { waitFor, withDeadline } from '../../test/kit/wait-for.ts';
import type { ConnectionInfo } from '../http/codec.ts';
import { MemoryMetrics } from '../testing/memory-services.ts';
import { ConnectionBudget } from './connection-budget.ts';
import { ConnectionIds } from './connection-info.ts';
import { Listener, type ListenerOptions, type OnConnection } from './listener.ts';
import { type ListenerConfig, parseListener } from './listener-config.ts';
import { type ListeningSocket, SocketFactory } from './listening-socket.ts';

const HCM_TYPE =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

interface Accepted {
  readonly socket: Socket;
  readonly chain: string;
  readonly info: ConnectionInfo;
}

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

function chain(name: string, match: JsonObject | null = null): JsonObject {
  const filters = [{ name: 'hcm', typedConfig: { '@type': HCM_TYPE } }];
  return { name, filters, ...(match === null ? {} : { filterChainMatch: match }) };
}

function config(chains: readonly JsonObject[], host = '127.0.0.1'): ListenerConfig {
  const address = { socketAddress: { address: host, portValue: 0 } };
  const { value } = parseListener({
    name: 'web',
    statPrefix: 'web',
    address,
    filterChains: chains,
  });
  if (value === null) throw new Error('the test has a bad listener');
  return value;
}

function bind(host = '127.0.0.1', port = 0, factory = new SocketFactory()): ListeningSocket {
  const address = { host, port, ipv4Compat: false };
  const bound = factory.listen(address, { backlog: 128, resource: 'Listener web' });
  if (!bound.ok) throw new Error(bound.error.message);
  open.push(() => bound.value.close());
  return bound.value;
}

/** A listener that answers each connection with the name of its chain and keeps it open. */
async function serve(socket: ListeningSocket, part: Partial<ListenerOptions> = {}) {
  const accepted: Accepted[] = [];
  const metrics = new MemoryMetrics();
  const ticket = socket.dup();
  if (!ticket.ok) throw new Error(ticket.error.message);
  const listener = await Listener.open({
    config: config([chain('first')]),
    ticket: ticket.value,
    slots: metrics,
    budget: new ConnectionBudget(100),
    ids: new ConnectionIds(0),
    log: silentLog,
    onConnection: (connection, chosen, info) => {
      accepted.push({ socket: connection, chain: chosen.name, info });
      connection.write(`${chosen.name};`);
    },
    ...part,
  });
  if (!listener.ok) throw new Error(listener.error.message);
  open.push(() => listener.value.close());
  return { listener: listener.value, accepted, metrics };
}

async function connectTo(port: number, host = '127.0.0.1'): Promise<RawClient> {
  const client = await RawClient.connect({ port, host });
  open.push(() => client.socket.destroy());
  return client;
}

/** Waits until the client has got exactly this so far. */
async function heard(client: RawClient, text: string): Promise<void> {
  await waitFor(`"${text}"`, () => client.received.toString() === text);
}

const stat = (metrics: MemoryMetrics, name: string): number | undefined =>
  metrics.values.get(`listener.web.${name}`);

describe('listening sockets', () => {
  it('says which address is in use, and what to do', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    open.push(() => other.close());
    const { port } = other.address() as AddressInfo;
    const address = { host: '127.0.0.1', port, ipv4Compat: false };
    const result = new SocketFactory().listen(address, { backlog: 1, resource: 'Listener web' });
    expect(result).toMatchObject({
      ok: false,
      error: {
        level: 'error',
        code: 'LAT0701',
        message: `127.0.0.1:${port} is in use by another program (EADDRINUSE)`,
        origin: { resource: 'Listener web', path: 'address' },
        fix: 'stop that program, or give the listener another port',
      },
    });
  });

  it('says so when an address is not of this machine', () => {
    const address = { host: '203.0.113.9', port: 0, ipv4Compat: false };
    const result = new SocketFactory().listen(address, { backlog: 1, resource: 'Listener web' });
    expect(result.ok ? '' : result.error.message).toContain('203.0.113.9:0 is not an address of');
  });

  it('is bound to the port it reports, on IPv6 too', async () => {
    const socket = bind('::1');
    expect(socket.text).toBe(`[::1]:${socket.address.port}`);
    const { accepted } = await serve(socket, { config: config([chain('six')], '::1') });
    const client = await connectTo(socket.address.port, '::1');
    await heard(client, 'six;');
    expect(accepted[0].info.localAddress).toBe(socket.text);
  });

  it('frees the port once every descriptor is closed', async () => {
    const socket = bind();
    const { listener } = await serve(socket);
    listener.close();
    socket.close();
    await waitFor('the port to be free', () => {
      const address = { host: '127.0.0.1', port: socket.address.port, ipv4Compat: false };
      const again = new SocketFactory().listen(address, { backlog: 1, resource: '' });
      if (again.ok) again.value.close();
      return again.ok;
    });
  });

  it('lets the one worker bind where descriptors cannot be shared', async () => {
    const factory = new SocketFactory('no koffi');
    expect(factory.singleWorkerReason).toBe('no koffi');
    const { listener } = await serve(bind('127.0.0.1', 0, factory));
    const client = await connectTo(Number(listener.address.split(':')[1]));
    await heard(client, 'first;');
    const busy = bind('127.0.0.1', Number(listener.address.split(':')[1]), factory).dup();
    if (!busy.ok) throw new Error('no ticket');
    const second = await Listener.open({
      config: config([chain('second')]),
      ticket: busy.value,
      slots: new MemoryMetrics(),
      budget: new ConnectionBudget(1),
      ids: new ConnectionIds(0),
      log: silentLog,
      onConnection: (connection) => connection.destroy(),
    });
    expect(second.ok ? '' : second.error.message).toContain(`${listener.address} is in use by`);
  });

  it('resets no connection while listeners on it come and go', async () => {
    const socket = bind();
    let outcomes = 0;
    let stop = false;
    const load = async (): Promise<void> => {
      while (!stop) {
        const client = await RawClient.connect({ port: socket.address.port });
        await heard(client, 'first;');
        client.socket.destroy();
        outcomes++;
      }
    };
    let current = (await serve(socket)).listener;
    const clients = [load(), load(), load(), load()];
    for (let round = 0; round < 20; round++) {
      const before = outcomes;
      const next = (await serve(socket)).listener;
      current.stop();
      current = next;
      await waitFor('more connections', () => outcomes > before + 5);
    }
    stop = true;
    await withDeadline('every client to be served', Promise.all(clients));
  });

  it('keeps waiting connections for the next listener when there is none', async () => {
    const socket = bind();
    const { listener } = await serve(socket);
    listener.stop();
    const client = await connectTo(socket.address.port);
    await serve(socket, { config: config([chain('next')]) });
    await heard(client, 'next;');
  });
});

describe('a listener', () => {
  it('hands over the connection with its chain and both ends', async () => {
    const socket = bind();
    const { accepted, metrics, listener } = await serve(socket);
    const client = await connectTo(socket.address.port);
    await heard(client, 'first;');
    expect(accepted[0].info).toMatchObject({
      id: 1,
      localAddress: socket.text,
      remoteAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      mtls: false,
    });
    expect(listener.activeConnections).toBe(1);
    expect(stat(metrics, 'downstream_cx_active')).toBe(1);
    client.socket.destroy();
    accepted[0].socket.end();
    await waitFor('the connection to end', () => listener.activeConnections === 0);
    expect(stat(metrics, 'downstream_cx_active')).toBe(0);
    expect(stat(metrics, 'downstream_cx_total')).toBe(1);
    expect(stat(metrics, 'downstream_cx_destroy')).toBe(1);
  });

  it('sorts new connections by the new chains while open ones keep theirs', async () => {
    const socket = bind();
    const { accepted, listener } = await serve(socket);
    const early = await connectTo(socket.address.port);
    await heard(early, 'first;');
    listener.update(config([chain('external', { sourceType: 'EXTERNAL' }), chain('second')]));
    const late = await connectTo(socket.address.port);
    await heard(late, 'second;');
    accepted[0].socket.write(accepted[0].chain);
    await heard(early, 'first;first');
  });

  it('closes a connection that no chain matches, and counts it', async () => {
    const socket = bind();
    const { metrics, accepted } = await serve(socket, {
      config: config([chain('external', { sourceType: 'EXTERNAL' })]),
    });
    const client = await connectTo(socket.address.port);
    await client.untilEnd();
    expect(accepted).toHaveLength(0);
    expect(stat(metrics, 'no_filter_chain_match')).toBe(1);
  });

  it('closes what goes beyond the budget, and takes more when others have gone', async () => {
    const socket = bind();
    const { metrics, accepted } = await serve(socket, { budget: new ConnectionBudget(1) });
    const first = await connectTo(socket.address.port);
    await heard(first, 'first;');
    const second = await connectTo(socket.address.port);
    await second.untilEnd();
    expect(stat(metrics, 'downstream_cx_overflow')).toBe(1);
    accepted[0].socket.destroy();
    await waitFor('room', () => stat(metrics, 'downstream_cx_active') === 0);
    const third = await connectTo(socket.address.port);
    await heard(third, 'first;');
  });

  it('outlives a client that resets its connection', async () => {
    const socket = bind();
    const { accepted, listener } = await serve(socket);
    const client = await connectTo(socket.address.port);
    await heard(client, 'first;');
    client.reset();
    accepted[0].socket.resume();
    await waitFor('the connection to end', () => listener.activeConnections === 0);
    const next = await connectTo(socket.address.port);
    await heard(next, 'first;');
  });

  const byProtocol = {
    name: 'web',
    statPrefix: 'web',
    address: { socketAddress: { address: '127.0.0.1', portValue: 0 } },
    listenerFilters: [
      {
        name: 'http',
        typedConfig: {
          '@type':
            'type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector',
        },
      },
    ],
    filterChains: [
      chain('one', { applicationProtocols: ['http/1.1'] }),
      chain('old', { applicationProtocols: ['http/1.0'] }),
      chain('rest'),
      chain('sni', { serverNames: ['*.test'] }),
    ],
  };

  function sniffing(part: JsonObject = {}): ListenerConfig {
    const { value, problems } = parseListener({ ...byProtocol, ...part });
    if (value === null) throw new Error(JSON.stringify(problems));
    return value;
  }

  /** Answers with the chain's name and then with every byte that comes. */
  const echo: OnConnection = (socket, chosen) => {
    socket.write(`${chosen.name}:`);
    socket.on('data', (bytes: Buffer) => socket.write(bytes));
  };

  it.each([
    ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'one'],
    ['GET / HTTP/1.0\r\n\r\n', 'old'],
    ['\0binary', 'rest'],
  ])('looks at the first bytes %j and loses none of them', async (text, name) => {
    const socket = bind();
    await serve(socket, { config: sniffing(), onConnection: echo });
    const whole = await connectTo(socket.address.port);
    await whole.send(text);
    await heard(whole, `${name}:${text}`);
    const dripping = await connectTo(socket.address.port);
    await dripping.sendInPieces(text, 1);
    await heard(dripping, `${name}:${text}`);
    await dripping.send('more');
    await heard(dripping, `${name}:${text}more`);
  });

  it('sorts a TLS client by the server name it asks for', async () => {
    const socket = bind();
    const chains: string[] = [];
    await serve(socket, {
      config: sniffing(),
      onConnection: (connection, chosen) => {
        chains.push(chosen.name);
        connection.destroy();
      },
    });
    for (const servername of ['a.test', 'a.other']) {
      const { port } = socket.address;
      const client = connectTls({ port, host: '127.0.0.1', servername, rejectUnauthorized: false });
      await new Promise<void>((resolve) => client.on('error', () => resolve()));
    }
    expect(chains).toEqual(['sni', 'rest']);
  });

  it('closes a client that shows nothing in time', async () => {
    const socket = bind();
    const clock = new SteppedClock();
    const { metrics, accepted } = await serve(socket, { config: sniffing(), clock });
    const client = await connectTo(socket.address.port);
    await client.send('GET / HT');
    await waitFor('the timer', () => clock.pending === 1);
    clock.advance(14_999);
    expect(client.state).toBe('open');
    clock.advance(1);
    await client.untilEnd();
    expect(stat(metrics, 'downstream_pre_cx_timeout')).toBe(1);
    expect(accepted).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('goes on without the first bytes where it is to', async () => {
    const socket = bind();
    const clock = new SteppedClock();
    const config = sniffing({ continueOnListenerFiltersTimeout: true });
    await serve(socket, { config, clock, onConnection: echo });
    const client = await connectTo(socket.address.port);
    await waitFor('the timer', () => clock.pending === 1);
    clock.advance(15_000);
    await client.send('late');
    await heard(client, 'rest:late');
  });

  it('forgets a client that leaves before it has shown what it is', async () => {
    const socket = bind();
    const clock = new SteppedClock();
    const { listener, accepted } = await serve(socket, { config: sniffing(), clock });
    for (const leave of ['end', 'reset'] as const) {
      const client = await connectTo(socket.address.port);
      await client.send('GET');
      await waitFor('the connection', () => listener.activeConnections === 1);
      client[leave]();
      await waitFor('the end', () => listener.activeConnections === 0);
    }
    expect(accepted).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('is drained when the last open connection has ended', async () => {
    const socket = bind();
    const { accepted, listener } = await serve(socket);
    const client = await connectTo(socket.address.port);
    await heard(client, 'first;');
    listener.stop();
    let drained = false;
    const done = listener.drained().then(() => {
      drained = true;
    });
    accepted[0].socket.write('still here');
    await heard(client, 'first;still here');
    expect(drained).toBe(false);
    accepted[0].socket.destroy();
    await withDeadline('the drain', done);
  });
});
