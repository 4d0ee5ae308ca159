import { rename } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { staticProxy } from '../../kit/envoy-config.ts';
import { freePort } from '../../kit/free-port.ts';
import type { AnswerLike } from '../../kit/origin-answer.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { SteadyLoad } from '../../kit/steady-load.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { accepts, ProxyProcess } from './proxy-process.ts';

/** An origin that answers when it is told to. */
async function hesitantOrigin() {
  const { promise, resolve } = Promise.withResolvers<AnswerLike>();
  const origin = await RecordingOrigin.open({ answer: () => promise });
  return { origin, answer: () => resolve('late') };
}

test('SIGTERM lets requests under way be answered, takes no new ones, and ends with 0', async () => {
  const { origin, answer } = await hesitantOrigin();
  await using _origin = origin;
  const port = await freePort();
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port });
  await using proxy = await ProxyProcess.start({ config, ports: [port], concurrency: 2 });
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect({ port })));
  const idle = await RawClient.connect({ port });
  for (const client of clients) await client.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
  await origin.waitForRequests(clients.length);
  proxy.child.signal('SIGTERM');
  await waitFor('the port to close', async () => !(await accepts(port)));
  await idle.untilEnd();
  answer();
  for (const client of clients) {
    const response = await client.response();
    expect([response.status, response.text]).toEqual([200, 'late']);
    expect(response.header('connection')).toBe('close');
    await client.untilEnd();
  }
  expect(await proxy.child.waitForExit()).toEqual({ code: 0, signal: null });
  expect(proxy.child.stderr).toBe('');
});

test('a second SIGTERM ends at once what would take too long', async () => {
  const { origin } = await hesitantOrigin();
  await using _origin = origin;
  const port = await freePort();
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port });
  await using proxy = await ProxyProcess.start({ config, ports: [port] });
  await using client = await RawClient.connect({ port });
  await client.send('GET / HTTP/1.1\r\nHost: t\r\n\r\n');
  await origin.waitForRequests(1);
  proxy.child.signal('SIGTERM');
  await waitFor('the port to close', async () => !(await accepts(port)));
  expect(proxy.child.running).toBe(true);
  proxy.child.signal('SIGTERM');
  const { code } = await proxy.child.waitForExit({ deadlineMs: 2_000 });
  expect(code).toBe(0);
});

test('SIGTERM under load drops nothing: connections are refused, requests are not', async () => {
  await using origin = await RecordingOrigin.open({ answer: () => 'ok', record: false });
  const port = await freePort();
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port });
  await using proxy = await ProxyProcess.start({ config, ports: [port], concurrency: 2 });
  const url = `http://127.0.0.1:${port}/`;
  const clients = 16;
  await using load = new SteadyLoad({ url, concurrency: clients, keepAlive: false });
  await waitFor('load', () => load.counts.ok > 200);
  proxy.child.signal('SIGTERM');
  expect((await proxy.child.waitForExit()).code).toBe(0);
  const others = load.counts.failures.filter((reason) => reason !== 'ECONNREFUSED');
  // Only a connection that still waited in the kernel's queue when the port closed is reset: each
  // client has one at most.
  expect(others.filter((reason) => reason !== 'ECONNRESET')).toEqual([]);
  expect(others.length).toBeLessThanOrEqual(clients);
});

const LOG = {
  name: 'envoy.access_loggers.file',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
    path: '{{dir}}/access.log',
    log_format: { text_format_source: { inline_string: '%REQ(:PATH)% %RESPONSE_CODE%\n' } },
  },
};

test('SIGUSR1 opens log files again, so that they can be moved away; no line is lost', async () => {
  await using origin = await RecordingOrigin.open({ answer: () => 'ok' });
  const port = await freePort();
  const manager = { access_log: [LOG] };
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port, manager });
  const args = ['--file-flush-interval-msec', '20'];
  await using proxy = await ProxyProcess.start({ config, ports: [port], args });
  const { directory } = proxy;
  await fetchRaw(port, 'GET /before HTTP/1.1');
  await waitFor('the line', async () => (await directory.read('access.log')).includes('/before'));
  await rename(directory.join('access.log'), directory.join('access.log.1'));
  await fetchRaw(port, 'GET /between HTTP/1.1');
  await waitFor('it', async () => (await directory.read('access.log.1')).includes('/between'));
  proxy.child.signal('SIGUSR1');
  await waitFor('the new file', async () => {
    await fetchRaw(port, 'GET /after HTTP/1.1');
    return (await directory.read('access.log')).includes('/after 200\n');
  });
  expect(await directory.read('access.log.1')).toMatch(/^\/before 200\n\/between 200\n/);
});

test('lines of the last requests are written before the process ends', async () => {
  await using origin = await RecordingOrigin.open({ answer: () => 'ok' });
  const port = await freePort();
  const manager = { access_log: [LOG] };
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port, manager });
  const args = ['--file-flush-interval-msec', '60000'];
  await using proxy = await ProxyProcess.start({ config, ports: [port], args });
  await fetchRaw(port, 'GET /last HTTP/1.1');
  proxy.child.signal('SIGTERM');
  await proxy.child.waitForExit();
  expect(await proxy.directory.read('access.log')).toBe('/last 200\n');
});

test('the log to standard output has the default format of Envoy', async () => {
  await using origin = await RecordingOrigin.open({ answer: () => 'answer' });
  const port = await freePort();
  const type = 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog';
  const log = { name: 'envoy.access_loggers.stdout', typed_config: { '@type': type } };
  const manager = { access_log: [log] };
  const config = staticProxy({ listenPort: port, upstreamPort: origin.port, manager });
  await using proxy = await ProxyProcess.start({ config, ports: [port] });
  await fetchRaw(port, 'POST /a HTTP/1.1', [['user-agent', 'test']], 'body');
  await proxy.child.stop();
  expect(proxy.child.stdout).toMatch(
    /^\[\d{4}-[\d-]+T[\d:.]+Z\] "POST \/a HTTP\/1\.1" 200 - 4 6 \d+ \d+ "-" "test" "[\w-]{36}" "test" "127\.0\.0\.1:\d+"\n$/,
  );
});
