import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { fetchModule } from './fetch.ts';
import { FETCH_LIMITS } from './limits.ts';

const MODULE = Buffer.from('0061736d01000000', 'hex');
const LIMITS = { ...FETCH_LIMITS, moduleBytesMax: 1000, timeoutMs: 2000 };
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const fetch = (url: string) => fetchModule(url, LIMITS, new AbortController().signal);

test('a file is read, a directory, a missing and a relative one are refused', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lateen-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  const path = join(directory, 'a.wasm');
  await writeFile(path, MODULE);
  expect(await fetch(pathToFileURL(path).href)).toEqual({ ok: true, value: MODULE });
  const bad = [pathToFileURL(directory).href, pathToFileURL(`${path}x`).href, 'file://relative/x'];
  for (const url of bad) expect(await fetch(url)).toMatchObject({ ok: false });
});

test('a data url is decoded, and refused where it is not base64', async () => {
  const url = `data:application/wasm;base64,${MODULE.toString('base64')}`;
  expect(await fetch(url)).toEqual({ ok: true, value: MODULE });
  expect(await fetch('data:application/wasm;base64,a*b')).toMatchObject({ ok: false });
  expect(await fetch('data:text/plain,abc')).toMatchObject({ ok: false });
});

test('http is fetched, through redirects on the same machine', async () => {
  const base = await serve((request, response) => {
    if (request.url === '/m.wasm') response.end(MODULE);
    else response.writeHead(302, { location: '/m.wasm' }).end();
  });
  expect(await fetch(`${base}/start`)).toEqual({ ok: true, value: MODULE });
});

test('a redirect to the metadata address is not followed', async () => {
  const base = await serve((_, response) => {
    response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
  });
  const result = await fetch(base);
  expect(result).toMatchObject({ ok: false, error: { code: 'LAT0405' } });
});

test('a redirect to a file is not followed', async () => {
  const base = await serve((_, response) => {
    response.writeHead(302, { location: 'file:///etc/passwd' }).end();
  });
  expect(await fetch(base)).toMatchObject({ ok: false, error: { code: 'LAT0405' } });
});

test('endless redirects end', async () => {
  const base = await serve((_, response) => response.writeHead(302, { location: '/' }).end());
  expect(await fetch(base)).toMatchObject({ ok: false });
});

test('a body beyond the limit is cut off, whatever its length says', async () => {
  const base = await serve((_, response) => {
    for (let i = 0; i < 20; i += 1) response.write(Buffer.alloc(100));
    response.end();
  });
  expect(await fetch(base)).toMatchObject({ ok: false, error: { code: 'LAT0403' } });
});

test('a server that never answers costs the time limit and no more', async () => {
  const base = await serve(() => {});
  const result = await fetchModule(
    base,
    { ...LIMITS, timeoutMs: 100 },
    new AbortController().signal,
  );
  expect(result).toMatchObject({ ok: false, error: { code: 'LAT0401' } });
});

test('a clear no is told from a failure that may pass', async () => {
  const base = await serve((request, response) => {
    response.writeHead(request.url === '/404' ? 404 : 503).end();
  });
  expect(await fetch(`${base}/404`)).toMatchObject({ ok: false, error: { code: 'LAT0407' } });
  expect(await fetch(`${base}/503`)).toMatchObject({ ok: false, error: { code: 'LAT0401' } });
});

test('another scheme is refused with what to use instead', async () => {
  const result = await fetch('ftp://host/filter.wasm');
  expect(result).toMatchObject({ ok: false, error: { code: 'LAT0404' } });
});
