import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import type { Log } from '@lateen/sdk/base/log';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import type { AdminSource } from './admin-source.ts';
import { type Endpoint, listEndpoints } from './endpoints.ts';
import { type Page, textPage } from './page.ts';

export interface AdminOptions {
  readonly source: AdminSource;
  readonly registry: XdsRegistry;
  /** An IP address or `localhost`. */
  readonly address: string;
  /** 0 = a free one. */
  readonly port: number;
  readonly log: Log;
  /** One line for each request, e.g. into a sink. */
  readonly accessLog?: (line: string) => void;
}

export interface AdminServer {
  readonly address: string;
  readonly port: number;
  close(): void;
}

const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 15_000;

/**
 * The admin interface, with Envoy's paths. It tells everything and can stop the process, so it
 * listens where the bootstrap says and warns where others could reach it; what changes something
 * needs POST and must not come from a web page of another origin.
 */
export async function openAdminServer(options: AdminOptions): Promise<Result<AdminServer>> {
  const { address, port, log } = options;
  const endpoints = new Map(
    listEndpoints(options.source, options.registry).map((each) => [each.path, each]),
  );
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, joinDuplicateHeaders: true });
  server.maxConnections = CONNECTIONS_MAX;
  server.on('request', (request, response) => {
    // Nothing in it is wanted, and an error in it is the client's.
    request.on('error', () => {});
    request.resume();
    void respond(request, response, endpoints, options);
  });
  const bound = await listen(server, address, port);
  if (!bound.ok) return bound;
  if (!isLoopback(address)) {
    const message = 'the admin interface can be reached from other machines: bind it to 127.0.0.1';
    log.write('warn', message, { address, port: bound.value });
  }
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return ok({ address, port: bound.value, close });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  endpoints: ReadonlyMap<string, Endpoint>,
  options: AdminOptions,
): Promise<void> {
  let page: Page;
  try {
    page = await answer(request, endpoints, options);
  } catch (cause) {
    options.log.write('error', 'admin request failed', { cause: String(cause) });
    page = textPage('internal error\n', 500);
  }
  const body = Buffer.from(page.body);
  response.writeHead(page.status, {
    'content-type': page.contentType,
    'content-length': body.length,
    'cache-control': 'no-cache, max-age=0',
    'x-content-type-options': 'nosniff',
    ...(page.status === 405 ? { allow: 'POST' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  options.accessLog?.(`${request.method} ${request.url} ${page.status} ${body.length}\n`);
}

async function answer(
  request: IncomingMessage,
  endpoints: ReadonlyMap<string, Endpoint>,
  options: AdminOptions,
): Promise<Page> {
  const refusal = refuse(request, options);
  if (refusal !== undefined) return textPage(`${refusal}\n`, 403);
  const url = new URL(request.url ?? '/', 'http://admin');
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/$/, '') : '/';
  const endpoint = endpoints.get(path);
  if (endpoint === undefined) return textPage('invalid path. see /help\n', 404);
  const { method } = request;
  if (endpoint.mutates && method !== 'POST') {
    return textPage(`${path} changes something: use POST\n`, 405);
  }
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') {
    return textPage('Method Not Allowed\n', 405);
  }
  return endpoint.answer(url.searchParams);
}

/** Keeps web pages out: one of another origin, or one whose name was made to point here. */
function refuse(request: IncomingMessage, { address }: AdminOptions): string | undefined {
  const host = request.headers.host ?? '';
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host}`)
    return 'requests of web pages are refused';
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const known = name === '' || isIP(name) !== 0 || name === 'localhost';
  return isLoopback(address) && !known ? `the host ${name} is not served here` : undefined;
}

/** 127.0.0.0/8, ::1 and their name. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

function listen(server: Server, address: string, port: number): Promise<Result<number>> {
  const { promise, resolve } = Promise.withResolvers<Result<number>>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    const message = `the admin interface cannot listen on ${address}:${port}: ${error.code}`;
    const problem: Problem = {
      level: 'error',
      code: 'LAT0010',
      message,
      origin: { path: 'admin' },
    };
    resolve(fail(problem));
  });
  server.listen(port, address, () => {
    server.on('error', () => {});
    resolve(ok((server.address() as AddressInfo).port));
  });
  return promise;
}
