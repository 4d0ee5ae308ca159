import { createHash, randomBytes } from 'node:crypto';
import {
  createServer,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import {
  createServer as createHttpsServer,
  Agent as HttpsAgent,
  request as httpsRequest,
} from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import { CertificateAuthority } from '../../test/kit/certificates.ts';
import { TinyProxy } from './fixtures/tiny-proxy.ts';

/**
 * Many bodies at once, of all sizes, through buffers that are used again: every byte must arrive
 * with its own request. The peers are Node's own HTTP, which shares nothing with the codec.
 */

const ROUNDS = 30;
const WORKERS = 12;

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Answers with the digest of the body, the target, and the body itself. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    response.setHeader('x-digest', digest(body));
    response.setHeader('x-target', request.url ?? '');
    // Without a length for odd sizes: both framings are used.
    if (body.length % 2 === 0) response.setHeader('content-length', body.length);
    response.end(body);
  });
}

type Send = typeof httpRequest;

async function exchange(send: Send, options: object, target: string): Promise<void> {
  const size = [0, 1, 100, 7000, 8200, 70_000, 300_001][Math.floor(Math.random() * 7)];
  const body = randomBytes(size);
  const { headers, answer } = await new Promise<{
    headers: IncomingHttpHeaders;
    answer: Buffer;
  }>((resolve, reject) => {
    const request = send(
      { ...options, path: target, method: 'POST', host: '127.0.0.1' },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ headers: response.headers, answer: Buffer.concat(chunks) }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    if (size % 3 === 0) request.setHeader('content-length', size);
    request.write(body.subarray(0, size >> 1));
    request.end(body.subarray(size >> 1));
  });
  expect(headers['x-target']).toBe(target);
  expect(headers['x-digest']).toBe(digest(body));
  expect(answer.equals(body)).toBe(true);
}

async function load(send: Send, options: object): Promise<void> {
  await Promise.all(
    Array.from({ length: WORKERS }, async (_, worker) => {
      for (let round = 0; round < ROUNDS; round++) {
        await exchange(send, options, `/${worker}/${round}?${'q'.repeat((worker * 37) % 400)}`);
      }
    }),
  );
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

test('no byte is mixed up between requests', async () => {
  const origin = createServer(echo);
  await using proxy = await TinyProxy.open(await listen(origin));
  const agent = new HttpAgent({ keepAlive: true, maxSockets: 8 });
  await load(httpRequest, { port: proxy.port, agent });
  agent.destroy();
  origin.closeAllConnections();
  origin.close();
});

test('no byte is mixed up between requests with TLS on both sides', async () => {
  const authority = CertificateAuthority.create();
  const { certificate, privateKey } = authority.issue({ ipAddresses: ['127.0.0.1'] });
  const identity = { key: privateKey, cert: certificate };
  const origin = createHttpsServer(identity, echo);
  const originPort = await listen(origin);
  await using proxy = await TinyProxy.open(originPort, {
    dial: (ready) => {
      const options = { port: originPort, host: '127.0.0.1', ca: authority.root };
      const socket: Socket = connectTls(options, () => ready(socket));
      return socket;
    },
  });
  const front = createTlsServer({ ...identity, allowHalfOpen: true }, (socket) =>
    proxy.accept(socket),
  );
  const port = await listen(front);
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 8, ca: authority.root });
  await load(httpsRequest, { port, agent });
  agent.destroy();
  front.close();
  origin.closeAllConnections();
  origin.close();
});
