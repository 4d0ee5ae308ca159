import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Child } from '../../kit/child-process.ts';
import { type ConfigObject, staticProxy } from '../../kit/envoy-config.ts';
import { freePort, freePorts } from '../../kit/free-port.ts';
import { RawClient } from '../../kit/raw-client.ts';
import { SteadyLoad } from '../../kit/steady-load.ts';
import { TemporaryDirectory } from '../../kit/temporary-directory.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { statsOf } from './admin-pages.ts';
import { ProxyProcess } from './proxy-process.ts';

/** HTTP/1.1 clients, the proxy, and HTTP/2 upstreams of others. */

const MIB = 1024 * 1024;
const HTTP2: ConfigObject = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};
const TRAILERS = { http_protocol_options: { enable_trailers: true } };

type Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const resources = new AsyncDisposableStack();
const server = createServer();
const sessions = new Set<ServerHttp2Session>();
let handle: Handler = () => {};
let proxy: ProxyProcess;
let port = 0;
let admin = 0;

function config(listenPort: number, upstreamPort: number, adminPort?: number): ConfigObject {
  const retry = { retry_policy: { retry_on: 'refused-stream,connect-failure', num_retries: 10 } };
  // As Istio sets it; Envoy's 3 retries at a time are fewer than a GOAWAY refuses.
  const circuit_breakers = { thresholds: [{ max_retries: 1000 }] };
  const cluster = { ...HTTP2, circuit_breakers };
  const more = { cluster, manager: TRAILERS, route: { ...retry, timeout: '0s' } };
  const ports = adminPort === undefined ? {} : { adminPort };
  return staticProxy({ listenPort, upstreamPort, ...ports, ...more });
}

beforeAll(async () => {
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    handle(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  resources.defer(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port: upstream } = server.address() as AddressInfo;
  const ports = await freePorts(2);
  [port, admin] = ports as [number, number];
  proxy = resources.use(await ProxyProcess.start({ config: config(port, upstream, admin), ports }));
});

afterAll(() => resources.disposeAsync());

beforeEach(() => {
  handle = () => {};
});

/** A probe that is true when ten values in a row were the same. */
function settled(value: () => number): () => boolean {
  let last = value();
  let same = 0;
  return () => {
    const now = value();
    same = now === last ? same + 1 : 0;
    last = now;
    return same >= 10;
  };
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
}

test('a request of HTTP/1.1 leaves as one of HTTP/2, and its answer comes back', async () => {
  let seen: IncomingHttpHeaders = {};
  handle = (stream, headers) => {
    seen = headers;
    stream.respond({ ':status': 200, 'x-from': 'h2' });
    stream.end('hello');
  };
  await using client = await RawClient.connect({ port });
  const fields = [
    'Host: Shop.example:80',
    'Connection: keep-alive, x-hop',
    'Keep-Alive: timeout=5',
    'X-Hop: 1',
    'TE: trailers',
    'Content-Length: 3',
    'Cookie: a=1',
  ];
  const response = await client.request('POST /cart?x=1 HTTP/1.1', fields, 'abc');
  expect([response.status, response.text]).toEqual([200, 'hello']);
  expect(response.header('x-from')).toBe('h2');
  expect(client.faults).toEqual([]);
  expect(seen).toMatchObject({
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'shop.example:80',
    ':path': '/cart?x=1',
    'content-length': '3',
    cookie: 'a=1',
  });
  for (const name of ['connection', 'keep-alive', 'x-hop', 'host', 'transfer-encoding', 'te']) {
    expect(seen[name]).toBeUndefined();
  }
});

test('gRPC over HTTP/1.1: the trailers of the answer are chunked trailers', async () => {
  let seen: IncomingHttpHeaders = {};
  let sent = '';
  handle = (stream, headers) => {
    seen = headers;
    stream.on('data', (chunk: Buffer) => {
      sent += chunk.toString('latin1');
    });
    stream.on('end', () => {
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => {
        stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' });
      });
      stream.end('\0\0\0\0\x02ok');
    });
  };
  await using client = await RawClient.connect({ port });
  const fields = ['host: t', 'content-type: application/grpc', 'transfer-encoding: chunked'];
  const body = '7\r\n\0\0\0\0\x02hi\r\n0\r\n\r\n';
  const response = await client.request('POST /pkg.Service/Method HTTP/1.1', fields, body);
  expect(response.text).toBe('\0\0\0\0\x02ok');
  expect(response.trailers).toEqual([
    ['grpc-status', '0'],
    ['grpc-message', 'fine'],
  ]);
  expect(sent).toBe('\0\0\0\0\x02hi');
  expect(seen['te']).toBe('trailers');
});

test('trailers of a chunked request are trailers of the stream', async () => {
  let received: IncomingHttpHeaders = {};
  handle = (stream) => {
    stream.on('trailers', (trailers) => {
      received = trailers;
    });
    stream.on('end', () => stream.respond({ ':status': 204 }, { endStream: true }));
    stream.resume();
  };
  await using client = await RawClient.connect({ port });
  const fields = ['host: t', 'transfer-encoding: chunked'];
  const response = await client.request(
    'POST / HTTP/1.1',
    fields,
    '3\r\nabc\r\n0\r\nx-up: 1\r\n\r\n',
  );
  expect(response.status).toBe(204);
  expect(received).toMatchObject({ 'x-up': '1' });
});

test.each([
  [8, 503],
  [1, 502],
])('an upstream that resets with %i is %i', async (code, status) => {
  handle = (stream) => stream.close(code);
  await using client = await RawClient.connect({ port });
  const response = await client.request('GET / HTTP/1.1');
  expect(response.status).toBe(status);
});

test('a stream that is refused is sent again, as the policy says', async () => {
  let times = 0;
  handle = (stream) => {
    if (++times < 3) {
      stream.close(7);
      return;
    }
    stream.respond({ ':status': 200 });
    stream.end('third');
  };
  await using client = await RawClient.connect({ port });
  expect((await client.request('GET / HTTP/1.1')).text).toBe('third');
});

test('a client that leaves resets its stream, and no other', async () => {
  const codes: number[] = [];
  const held: ServerHttp2Stream[] = [];
  handle = (stream) => {
    held.push(stream);
    stream.on('close', () => codes.push(stream.rstCode));
  };
  const leaving = await RawClient.connect({ port });
  await leaving.send('GET /a HTTP/1.1\r\nhost: t\r\n\r\n');
  await using staying = await RawClient.connect({ port });
  await staying.send('GET /b HTTP/1.1\r\nhost: t\r\n\r\n');
  await waitFor('both', () => held.length === 2);
  expect(sessions.size).toBe(1);
  leaving.socket.destroy();
  await waitFor('the reset', () => codes.length === 1);
  expect(codes).toEqual([8]);
  const other = held.find((stream) => !stream.destroyed)!;
  other.respond({ ':status': 200 }, { endStream: true });
  expect((await staying.response()).status).toBe(200);
});

test('GOAWAY again and again under load fails no request', async () => {
  handle = (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('x'.repeat(100));
  };
  const before = (await statsOf(admin)).get('cluster.origin.upstream_cx_close_notify') ?? 0;
  const load = new SteadyLoad({ url: `http://127.0.0.1:${port}/`, concurrency: 32 });
  let left = 0;
  for (; left < 40; left++) {
    const target = load.counts.ok + 50;
    await waitFor('more answers', () => load.counts.ok >= target, { deadlineMs: 20_000 });
    for (const session of sessions) session.close();
  }
  await load[Symbol.asyncDispose]();
  expect(load.counts.failures).toEqual([]);
  expect(load.counts.ok).toBeGreaterThan(2000);
  const after = (await statsOf(admin)).get('cluster.origin.upstream_cx_close_notify') ?? 0;
  expect(after - before).toBeGreaterThanOrEqual(left);
}, 60_000);

test('a client that does not read holds the upstream back, and memory stays bounded', async () => {
  let written = 0;
  let blocked = false;
  handle = (stream) => {
    stream.respond({ ':status': 200 });
    const chunk = Buffer.alloc(64 * 1024);
    const more = (): void => {
      blocked = false;
      while (written < 256 * MIB && !stream.destroyed) {
        written += chunk.length;
        if (!stream.write(chunk)) {
          blocked = true;
          stream.once('drain', more);
          return;
        }
      }
      stream.end();
    };
    more();
  };
  const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect({ port })));
  const before = residentBytes(proxy.child.pid);
  for (const { socket } of clients) {
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nhost: t\r\n\r\n');
  }
  const probe = settled(() => written);
  await waitFor('the upstream to stand still', () => probe() && blocked, { deadlineMs: 20_000 });
  // Windows, kernel buffers at both ends and the proxy's own: of 256 MiB, a few for each client.
  expect(written).toBeLessThan(128 * MIB);
  expect(residentBytes(proxy.child.pid) - before).toBeLessThan(64 * MIB);
  for (const { socket } of clients) socket.destroy();
}, 40_000);

test('an upstream that does not read holds the client back, and memory stays bounded', async () => {
  let stream: ServerHttp2Stream | undefined;
  handle = (opened) => {
    stream = opened;
    opened.pause();
  };
  await using client = await RawClient.connect({ port });
  const before = residentBytes(proxy.child.pid);
  const size = 256 * MIB;
  await client.send(`POST / HTTP/1.1\r\nhost: t\r\ncontent-length: ${size}\r\n\r\n`);
  const chunk = Buffer.alloc(64 * 1024);
  let sent = 0;
  const feed = async (): Promise<void> => {
    for (; sent < size; sent += chunk.length) await client.send(chunk);
  };
  const fed = feed();
  const probe = settled(() => sent);
  await waitFor('the client to stand still', () => probe() && sent > 0, { deadlineMs: 20_000 });
  expect(sent).toBeLessThan(32 * MIB);
  expect(residentBytes(proxy.child.pid) - before).toBeLessThan(48 * MIB);
  let arrived = 0;
  stream!.on('data', (part: Buffer) => {
    arrived += part.length;
  });
  stream!.on('end', () => stream!.respond({ ':status': 200 }, { endStream: true }));
  stream!.resume();
  await fed;
  expect((await client.response(20_000)).status).toBe(200);
  expect(arrived).toBe(size);
}, 60_000);

const NGINX = '/usr/sbin/nginx';
const hasNginx = (() => {
  try {
    readFileSync(NGINX);
    return true;
  } catch {
    return false;
  }
})();

test.skipIf(!hasNginx)(
  'nginx as the upstream (skipped where it is not installed)',
  async () => {
    const [own, upstream] = (await freePorts(2)) as [number, number];
    await using directory = await TemporaryDirectory.make();
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${directory.join(name)};`)
      .join('\n');
    await directory.write(
      'nginx.conf',
      `${user} daemon off; worker_processes 1; pid ${directory.join('pid')}; error_log stderr crit;
    events {}
    http { access_log off; ${paths} client_max_body_size 64m; keepalive_requests 50;
    server { listen 127.0.0.1:${upstream} http2; default_type text/plain;
      location / { return 200 "$request_method $server_protocol $http_host $content_length"; }
      location /large { root .; } } }`,
    );
    await directory.write('large', 'y'.repeat(3 * MIB));
    await using nginx = new Child(NGINX, [
      '-p',
      directory.path,
      '-c',
      directory.join('nginx.conf'),
    ]);
    await using _proxy = await ProxyProcess.start({ config: config(own, upstream), ports: [own] });
    await using client = await RawClient.connect({ port: own });
    await waitFor('nginx to answer', async () => {
      const { status } = await client.request('GET / HTTP/1.1');
      return nginx.running && status === 200;
    });
    const post = await client.request('POST / HTTP/1.1', ['host: t', 'content-length: 3'], 'abc');
    expect(post.text).toBe('POST HTTP/2.0 t 3');
    const large = await client.request('GET /large HTTP/1.1');
    expect(large.body.length).toBe(3 * MIB);
    // It says GOAWAY after every 50 requests.
    for (let i = 0; i < 200; i++) {
      expect((await client.request('GET / HTTP/1.1')).text).toBe('GET HTTP/2.0 test ');
    }
  },
  30_000,
);

test('an upstream of HTTP/1 behind a cluster of HTTP/2 is 503, and the reason stands there', async () => {
  const own = await freePort();
  const { createServer: createHttp1 } = await import('node:http');
  const http1 = createHttp1((_, response) => response.end('h1'));
  await new Promise<void>((resolve) => http1.listen(0, '127.0.0.1', resolve));
  const { port: upstream } = http1.address() as AddressInfo;
  await using _proxy = await ProxyProcess.start({ config: config(own, upstream), ports: [own] });
  await using client = await RawClient.connect({ port: own });
  const response = await client.request('GET / HTTP/1.1');
  expect(response.status).toBe(503);
  expect(response.text).toContain('no HTTP/2 connection');
  http1.close();
});
