import { request } from 'node:http';
import { silentLog } from '@lateen/sdk/base/log';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AdminBackend } from './backend.ts';
import { type AdminServer, openAdminServer } from './server.ts';

const TOKEN = 'a'.repeat(64);
const MODULE = Buffer.from('0061736d01000000', 'hex');
const DIGEST = 'd'.repeat(64);

let server: AdminServer;
let applied: string[];

/** Only what these tests reach. */
const backend: Partial<AdminBackend> = {
  sync: () => ({ revision: 1, pushed: 1, proxies: 0, synced: 0, refusing: [] }),
  resources: () => [],
  module: async (digest) => (digest === DIGEST ? MODULE : undefined),
  apply: async ({ text }) => {
    applied.push(text);
    return { applied: [], problems: [], revision: 1 };
  },
};

beforeEach(async () => {
  applied = [];
  const opened = await openAdminServer({
    address: '127.0.0.1',
    port: 0,
    token: TOKEN,
    backend: backend as AdminBackend,
    log: silentLog,
  });
  if (!opened.ok) throw new Error(opened.error.message);
  server = opened.value;
});

afterEach(() => server.close());

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** node:http, because fetch does not let Host be set. */
function send(path: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  return new Promise<{ status: number; body: Buffer }>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, method, headers };
    const call = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

const authorization = `Bearer ${TOKEN}`;

test.each([
  ['no token', {}, 401],
  ['a wrong token', { authorization: 'Bearer x' }, 401],
  ['a token of another length', { authorization: `${authorization}a` }, 401],
  ['a name that was made to lead here', { authorization, host: 'evil.example' }, 403],
  ['a name that only begins well', { authorization, host: 'localhost.evil.example' }, 403],
  ['a page from elsewhere', { authorization, origin: 'http://evil.example' }, 403],
  ['a page of no origin', { authorization, origin: 'null' }, 403],
  ['what a browser marks as cross-site', { authorization, 'sec-fetch-site': 'cross-site' }, 403],
  ['everything in order', { authorization }, 200],
])('%s', async (_, headers, status) => {
  expect((await send('/v1/sync', { headers })).status).toBe(status);
});

test('a page of our own may ask', async () => {
  const host = `127.0.0.1:${server.port}`;
  const headers = { authorization, host, origin: `http://${host}` };
  expect((await send('/v1/sync', { headers })).status).toBe(200);
});

test('modules are given to whoever knows their digest, but not to strangers by name', async () => {
  expect(await send(`/modules/${DIGEST}.wasm`)).toEqual({ status: 200, body: MODULE });
  expect((await send(`/modules/${'e'.repeat(64)}.wasm`)).status).toBe(404);
  const headers = { host: 'evil.example' };
  expect((await send(`/modules/${DIGEST}.wasm`, { headers })).status).toBe(403);
});

test.each([
  ['GET', '/v1/nothing', 404],
  ['PUT', '/v1/resources', 405],
  ['DELETE', '/v1/resources/%E0%A4%A/x/y', 400],
  ['GET', '/modules/../token', 404],
])('%s %s is answered with %i', async (method, path, status) => {
  expect((await send(path, { method, headers: { authorization } })).status).toBe(status);
});

test('a body beyond the limit is refused and not applied', async () => {
  const body = Buffer.alloc(17 * 1024 * 1024, 'x');
  const headers = { authorization };
  const outcome = await send('/v1/resources', { method: 'POST', headers, body }).catch(
    (error: Error) => error.message,
  );
  // The server answers and closes; a client that is still writing may see only the closing.
  if (typeof outcome === 'string') expect(outcome).toMatch(/EPIPE|ECONNRESET|hang up/);
  else expect(outcome.status).toBe(413);
  expect(applied).toEqual([]);
  const small = await send('/v1/resources', { method: 'POST', headers, body: 'a: b' });
  expect(small.status).toBe(200);
  expect(applied).toEqual(['a: b']);
});

test('addresses beyond this machine are refused', async () => {
  const options = { port: 0, token: TOKEN, backend: backend as AdminBackend, log: silentLog };
  expect(await openAdminServer({ ...options, address: '0.0.0.0' })).toMatchObject({ ok: false });
});
