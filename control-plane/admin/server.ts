import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '@lateen/sdk/base/log';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { isLoopback } from '../xds/ads-server.ts';
import type { AdminBackend } from './backend.ts';
import { judgeSource, judgeToken } from './guard.ts';
import { type Answer, answerTo, problemAnswer } from './routes.ts';

const BODY_BYTES_MAX = 16 * 1024 * 1024;
const CONNECTIONS_MAX = 1_000;

export interface AdminOptions {
  /** Loopback only. */
  readonly address: string;
  /** 0 = a free one. */
  readonly port: number;
  readonly token: string;
  readonly backend: AdminBackend;
  readonly log: Log;
}

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

/** The JSON API, and modules by digest for the proxies. */
export async function openAdminServer(options: AdminOptions): Promise<Result<AdminServer>> {
  if (!isLoopback(options.address)) {
    return fail(refusal(`the API listens on loopback only, not on ${options.address}`));
  }
  const server = createServer((request, response) => {
    serve(request, options)
      .catch((error: unknown) => {
        options.log.write('error', 'admin request failed', { error: String(error) });
        return problemAnswer(500, 'internal error');
      })
      .then((answer) => send(response, answer))
      .catch(() => response.destroy());
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(fail(refusal(`cannot listen: ${error.message}`))));
    server.listen(options.port, options.address, () => {
      const { port } = server.address() as AddressInfo;
      resolve(ok({ port, close: () => close() }));
    });
  });

  function close(): Promise<void> {
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}

async function serve(request: IncomingMessage, options: AdminOptions): Promise<Answer> {
  const stranger = judgeSource(request);
  if (stranger !== undefined) return problemAnswer(stranger.status, stranger.message);
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (!isOpen(url.pathname)) {
    const denial = judgeToken(request, options.token);
    if (denial !== undefined) return problemAnswer(denial.status, denial.message);
  }
  const body = await readBody(request);
  if (body === undefined) return problemAnswer(413, `more than ${BODY_BYTES_MAX} bytes`);
  const query = url.searchParams;
  const call = { method: request.method ?? 'GET', path: url.pathname, query, body };
  return answerTo(call, options.backend);
}

/** Bytes that whoever names their digest has already; counts; and that we are alive. */
function isOpen(path: string): boolean {
  return path.startsWith('/modules/') || path === '/healthz' || path === '/metrics';
}

/** Undefined beyond the limit; the rest stays unread and the connection is closed behind the answer. */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= BODY_BYTES_MAX) return;
      request.pause();
      resolve(undefined);
    });
  });
}

function send(response: ServerResponse, answer: Answer): void {
  const { type, body } = contentOf(answer);
  response.writeHead(answer.status, {
    'content-type': type,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(answer.status === 413 ? { connection: 'close' } : {}),
  });
  response.end(body);
}

function contentOf(answer: Answer): { readonly type: string; readonly body: Uint8Array } {
  if (answer.bytes !== undefined) return { type: 'application/wasm', body: answer.bytes };
  if (answer.text !== undefined) {
    return { type: 'text/plain; version=0.0.4; charset=utf-8', body: Buffer.from(answer.text) };
  }
  const text = answer.json === undefined ? '' : `${JSON.stringify(answer.json)}\n`;
  return { type: 'application/json', body: Buffer.from(text) };
}

function refusal(message: string): Problem {
  return { level: 'error', code: 'LAT0002', message, origin: { resource: 'admin API' } };
}
