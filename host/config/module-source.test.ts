import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@lateen/sdk/base/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { ModuleSource } from './module-source.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const MODULE = Buffer.from('\0asm\x01\0\0\0');
const DIGEST = createHash('sha256').update(MODULE).digest('hex');

async function serve(answer: (response: ServerResponse, path: string, nth: number) => void) {
  const seen: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    seen.push(request.url ?? '');
    answer(response, request.url ?? '', seen.length);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function openSource(options: { cacheDir?: string; bytesMax?: number } = {}) {
  const source = new ModuleSource({ clock: systemClock, ...options });
  return (uri: string, sha256 = DIGEST, timeoutMs = 1000) =>
    source.fetch({ uri, sha256, timeoutMs });
}

describe('ModuleSource', () => {
  it('fetches a module once for all who ask for it at the same time', async () => {
    const { url, seen } = await serve((response) => response.end(MODULE));
    const fetch = openSource();
    const results = await Promise.all([fetch(url), fetch(url), fetch(url)]);
    for (const result of results) expect(result).toMatchObject({ ok: true, value: MODULE });
    expect(seen).toHaveLength(1);
  });

  it('refuses what has another digest, and what is no digest', async () => {
    const { url } = await serve((response) => response.end('something else'));
    const fetch = openSource();
    expect(await fetch(url)).toMatchObject({ ok: false, error: { code: 'LAT0402' } });
    expect(await fetch(url, 'abc')).toMatchObject({ ok: false, error: { code: 'LAT0402' } });
  });

  it('tries again after a server error, and not after a clear no', async () => {
    const flaky = await serve((response, _path, nth) => {
      if (nth < 3) response.writeHead(503);
      response.end(MODULE);
    });
    const fetch = openSource();
    expect(await fetch(flaky.url)).toMatchObject({ ok: true });
    expect(flaky.seen).toHaveLength(3);
    const missing = await serve((response) => response.writeHead(404).end());
    expect(await fetch(missing.url)).toMatchObject({
      ok: false,
      error: { code: 'LAT0407', message: `${missing.url} answered 404` },
    });
    expect(missing.seen).toHaveLength(1);
  });

  it('stops at the size limit without reading on', async () => {
    let written = 0;
    const { url } = await serve((response) => {
      const more = () => {
        while (!response.destroyed && written < 64e6) {
          written += 65536;
          if (!response.write(Buffer.alloc(65536))) return response.once('drain', more);
        }
        return response.end();
      };
      more();
    });
    const fetch = openSource({ bytesMax: 100_000 });
    expect(await fetch(url)).toMatchObject({ ok: false, error: { code: 'LAT0403' } });
    expect(written).toBeLessThan(32e6);
  });

  it('gives up on a server that does not answer', async () => {
    const { url, seen } = await serve(() => {});
    const result = await openSource()(url, DIGEST, 10);
    expect(result).toMatchObject({ ok: false, error: { code: 'LAT0401' } });
    expect(JSON.stringify(result)).toContain('no answer within 10 ms');
    expect(seen).toHaveLength(4);
  });

  it('follows a few redirects, and only to http', async () => {
    const { url } = await serve((response, path) => {
      if (path === '/a') response.writeHead(302, { location: '/module' }).end();
      else if (path === '/file') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      else if (path === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else response.end(MODULE);
    });
    const fetch = openSource();
    expect(await fetch(`${url}/a`)).toMatchObject({ ok: true });
    expect(await fetch(`${url}/file`)).toMatchObject({ ok: false, error: { code: 'LAT0404' } });
    expect(await fetch(`${url}/loop`)).toMatchObject({ ok: false, error: { code: 'LAT0407' } });
    expect(await fetch('file:///etc/passwd')).toMatchObject({
      ok: false,
      error: { code: 'LAT0404' },
    });
  });

  it('keeps modules on disk, and does not trust a file that was changed', async () => {
    const cacheDir = mkdtempSync(join(tmpdir(), 'lateen-modules-'));
    closers.push(() => rmSync(cacheDir, { recursive: true, force: true }));
    const { url, seen } = await serve((response) => response.end(MODULE));
    expect(await openSource({ cacheDir })(url)).toMatchObject({ ok: true });
    expect(await openSource({ cacheDir })(url)).toMatchObject({ ok: true });
    expect(seen).toHaveLength(1);
    expect(readdirSync(cacheDir)).toEqual([`${DIGEST}.wasm`]);
    writeFileSync(join(cacheDir, `${DIGEST}.wasm`), 'tampered with');
    expect(await openSource({ cacheDir })(url)).toMatchObject({ ok: true, value: MODULE });
    expect(seen).toHaveLength(2);
  });
});
