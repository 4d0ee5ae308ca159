import { afterAll, beforeAll, expect, test } from 'vitest';
import { staticProxy } from '../../kit/envoy-config.ts';
import { freePorts } from '../../kit/free-port.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { steps, UnrulyServer } from '../../kit/unruly-server.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { hostStats, statsOf } from './admin-pages.ts';
import { ProxyProcess } from './proxy-process.ts';

const resources = new AsyncDisposableStack();
let origin: UnrulyServer;
let port: number;
let admin: number;

beforeAll(async () => {
  origin = resources.use(await UnrulyServer.open());
  const [first, second] = await freePorts(2);
  port = first!;
  admin = second!;
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port, adminPort: admin });
  resources.use(await ProxyProcess.start({ config, ports: [port, admin] }));
});

afterAll(() => resources.disposeAsync());

/** Nobody is connected downstream any more, no request is under way, nothing waits upstream. */
async function quiet(): Promise<void> {
  await waitFor('all connections and requests to end', async () => {
    const stats = await statsOf(admin);
    const host = await hostStats(admin, 'origin');
    const left = {
      requests: stats.get('http.ingress.downstream_rq_active') ?? 0,
      connections: stats.get(`listener.127.0.0.1_${port}.downstream_cx_active`),
      upstream: host.get('rq_active') ?? 0,
    };
    expect(left).toEqual({ requests: 0, connections: 0, upstream: 0 });
    return true;
  });
}

const POST = 'POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n';

/** What the client sends before it goes, and what the origin does in the meantime. */
const STAGES: readonly (readonly [
  name: string,
  sends: string,
  origin: readonly ReturnType<typeof steps.send>[],
])[] = [
  ['before anything was sent', '', []],
  ['in the request line', 'GET / HT', []],
  ['in the fields', 'GET / HTTP/1.1\r\nHost: t\r\na: ', []],
  ['while the origin thinks', 'GET / HTTP/1.1\r\nHost: t\r\n\r\n', [steps.readHead, steps.stall]],
  ['in its own body', `${POST}half`, [steps.readHead, steps.stall]],
  ['after its body', POST + 'x'.repeat(100), [steps.read(POST.length), steps.stall]],
  [
    "after the answer's head",
    'GET / HTTP/1.1\r\nHost: t\r\n\r\n',
    [steps.readHead, steps.send(OK), steps.stall],
  ],
  [
    "in the answer's body",
    'GET / HTTP/1.1\r\nHost: t\r\n\r\n',
    [steps.readHead, steps.send(`${OK}some`), steps.stall],
  ],
];

test.each(STAGES)('a client that leaves %s leaves nothing behind', async (_, sends, script) => {
  for (const leave of ['reset', 'close'] as const) {
    const next = origin.connections.length;
    origin.setScript(script);
    const client = await RawClient.connect({ port });
    if (sends !== '') await client.send(sends);
    if (script.length > 0) {
      const connection = await origin.connection(next);
      await waitFor(
        'the origin to be at its place',
        () => connection.stepsDone >= script.length - 1,
      );
    }
    if (leave === 'reset') client.reset();
    else client.socket.destroy();
    await quiet();
    const upstream = origin.connections[next];
    if (upstream !== undefined) {
      await waitFor('the upstream connection to end', () => upstream.peer !== 'open');
    }
  }
});

test('a client that leaves two requests behind is noticed with the first answer', async () => {
  const next = origin.connections.length;
  origin.setScript([
    steps.readHead,
    steps.stall,
    steps.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
    steps.stall,
  ]);
  const client = await RawClient.connect({ port });
  await client.send('GET /1 HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost: t\r\n\r\n');
  const connection = await origin.connection(next);
  await waitFor('the first request', () => connection.stepsDone === 1);
  client.reset();
  connection.resume();
  await quiet();
});

test('an origin that dies after each byte of its answer leaves nothing behind', async () => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc';
  let whole = 0;
  for (let cut = 0; cut <= answer.length; cut += 3) {
    const sent = cut === 0 ? [] : [steps.send(answer.slice(0, cut))];
    origin.setScript([steps.readHead, ...sent, cut % 2 === 0 ? steps.close : steps.reset]);
    const status = await fetchRaw(port, 'GET / HTTP/1.1').then(
      (response) => response.status,
      () => 'cut',
    );
    if (status === 200) whole += 1;
    else expect([502, 503, 'cut']).toContain(status);
  }
  expect(whole).toBeLessThanOrEqual(1);
  await quiet();
});

test('after all that the proxy serves as before', async () => {
  origin.setScript([steps.readHead, steps.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')]);
  expect((await fetchRaw(port, 'GET / HTTP/1.1')).text).toBe('ok');
  await quiet();
});
