import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wasmFilter } from '../e2e/proxy/guest.ts';
import { Child, run } from '../kit/child-process.ts';
import { staticProxy } from '../kit/envoy-config.ts';
import { freePort } from '../kit/free-port.ts';
import { fetchRaw } from '../kit/raw-client.ts';
import { TemporaryDirectory } from '../kit/temporary-directory.ts';
import { waitFor } from '../kit/wait-for.ts';
import { ROOT } from '../tidy/sources.ts';

const LATEEN = join(ROOT, 'control-plane/bin/lateen.mjs');
const PROXY = join(ROOT, 'host/bin/lateen-proxy.mjs');

function lateen(directory: TemporaryDirectory, ...args: readonly string[]) {
  const cwd = directory.path;
  return run(process.execPath, [LATEEN, 'conformance', ...args], { env: {}, cwd });
}

/** A proxy before a service that `lateen conformance` opens on `upstreamPort`. */
async function startProxy(directory: TemporaryDirectory, upstreamPort: number, bytes?: Uint8Array) {
  const listenPort = await freePort();
  const httpFilters = bytes === undefined ? [] : [wasmFilter({ name: 'conformance', bytes })];
  const config = staticProxy({ listenPort, upstreamPort, httpFilters });
  const file = await directory.write('proxy.json', JSON.stringify(config));
  const proxy = new Child(process.execPath, [PROXY, '-c', file], { cwd: directory.path });
  const answers = () =>
    proxy.running ? fetchRaw(listenPort, 'GET / HTTP/1.1') : Promise.reject(proxy.stderr);
  await waitFor('the proxy to answer', answers, { deadlineMs: 30_000 });
  return { proxy, url: `http://127.0.0.1:${listenPort}/` };
}

test('Lateen passes every case of its own suite', async () => {
  await using directory = await TemporaryDirectory.make();
  expect(await lateen(directory, '--write-module', 'driver.wasm')).toMatchObject({ code: 0 });
  const bytes = await readFile(directory.join('driver.wasm'));
  const echo = await freePort();
  const { proxy, url } = await startProxy(directory, echo, bytes);
  await using _ = proxy;
  const result = await lateen(directory, '--host', url, '--echo', String(echo), '-o', 'json');
  const { failed, cases } = JSON.parse(result.stdout);
  expect(cases.filter(({ pass }: { pass: boolean }) => !pass)).toEqual([]);
  expect({ failed, code: result.code }).toEqual({ failed: 0, code: 0 });
  expect(cases.length).toBeGreaterThan(15);
});

test('a host without the module fails every case, each with its reason', async () => {
  await using directory = await TemporaryDirectory.make();
  const echo = await freePort();
  const { proxy, url } = await startProxy(directory, echo);
  await using _ = proxy;
  const result = await lateen(directory, '--host', url, '--echo', String(echo));
  expect(result.code).toBe(79);
  expect(result.stdout).toContain('FAIL call proxy_log says "hello\n", expected "pass"');
  expect(result.stdout).toMatch(/\n0 of \d+ cases pass\n/);
});

test('what is no URL is refused', async () => {
  await using directory = await TemporaryDirectory.make();
  expect(await lateen(directory, '--host', 'nowhere')).toMatchObject({ code: 64 });
});
