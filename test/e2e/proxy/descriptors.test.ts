import { expect, test } from 'vitest';
import { Child } from '../../kit/child-process.ts';
import { staticProxy } from '../../kit/envoy-config.ts';
import { freePort } from '../../kit/free-port.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { TemporaryDirectory } from '../../kit/temporary-directory.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { accepts, LATEEN_PROXY } from './proxy-process.ts';

test('more clients than descriptors: some are served, none ends the process, all is well after', async () => {
  await using origin = await RecordingOrigin.open({ answer: () => 'ok' });
  const port = await freePort();
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port });
  await using directory = await TemporaryDirectory.make({ 'proxy.json': JSON.stringify(config) });
  const path = directory.join('proxy.json');
  const command = `ulimit -n 120; exec ${process.execPath} ${LATEEN_PROXY} -c ${path} --concurrency 2`;
  await using child = new Child('bash', ['-c', command]);
  await waitFor('the port', () => accepts(port), { deadlineMs: 15_000 });
  const clients = await Promise.all(Array.from({ length: 200 }, () => RawClient.connect({ port })));
  const outcomes = await Promise.allSettled(
    clients.map((client) => client.request('GET / HTTP/1.1')),
  );
  const statuses = outcomes.map((each) => (each.status === 'fulfilled' ? each.value.status : 0));
  expect(statuses).toContain(200);
  // Beyond the budget a connection is closed (0); one without a descriptor for the origin is a 503.
  expect([...new Set(statuses)].every((status) => [0, 200, 503].includes(status))).toBe(true);
  for (const client of clients) client.socket.destroy();
  await waitFor('an answer', async () => (await fetchRaw(port, 'GET / HTTP/1.1')).status === 200);
  expect(child.running).toBe(true);
});
