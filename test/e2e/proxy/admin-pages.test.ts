import { expect, test } from 'vitest';
import { staticProxy } from '../../kit/envoy-config.ts';
import { fetchRaw } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { TemporaryDirectory } from '../../kit/temporary-directory.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { hostStats, statsOf } from './admin-pages.ts';
import { ProxyProcess } from './proxy-process.ts';

test('ports that the system chooses can be found: the admin by its file, listeners by the admin', async () => {
  await using origin = await RecordingOrigin.open({ answer: () => 'ok' });
  await using directory = await TemporaryDirectory.make();
  const path = directory.join('admin');
  const config = staticProxy({ listenPort: 0, upstreamPort: origin.port, adminPort: 0 });
  const args = ['--admin-address-path', path];
  await using _proxy = await ProxyProcess.start({ config, ports: [], args });
  const address = await waitFor("the admin's address", () => directory.read('admin'), {
    deadlineMs: 15_000,
  });
  const admin = Number(/^127\.0\.0\.1:(\d+)$/.exec(address)![1]);
  const page = async (target: string) =>
    (await fetchRaw(admin, `GET ${target} HTTP/1.1`, [['host', 'localhost']])).text;
  const listener = await waitFor('the listener', async () =>
    /^ingress::127\.0\.0\.1:(\d+)\n$/.exec(await page('/listeners')),
  );
  await waitFor('readiness', async () => (await page('/ready')) === 'LIVE\n');
  const port = Number(listener[1]);
  expect((await fetchRaw(port, 'GET / HTTP/1.1')).text).toBe('ok');
  const stats = await statsOf(admin);
  expect(stats.get('http.ingress.downstream_rq_total')).toBe(1);
  expect(stats.get('http.ingress.downstream_rq_2xx')).toBe(1);
  expect((await hostStats(admin, 'origin')).get('rq_total')).toBe(1);
  const dump = JSON.parse(await page('/config_dump'));
  expect(JSON.stringify(dump)).toContain('"prefix":"/"');
});

test('an address file that cannot be written keeps the proxy from starting', async () => {
  const config = staticProxy({ listenPort: 0, upstreamPort: 9, adminPort: 0 });
  const args = ['--admin-address-path', '/nowhere/admin'];
  await using proxy = await ProxyProcess.start({ config, ports: [], args });
  expect((await proxy.child.waitForExit({ deadlineMs: 15_000 })).code).toBe(1);
  expect(proxy.child.stderr).toMatch(/\/nowhere\/admin error LAT0007 .*ENOENT/);
});
