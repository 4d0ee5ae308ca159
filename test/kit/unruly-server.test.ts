import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { RawClient } from './raw-client.ts';
import { brokenAtEachByte, steps, UnrulyServer } from './unruly-server.ts';
import { waitFor } from './wait-for.ts';

const REQUEST = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

test('it breaks an answer off at each byte', async () => {
  const answer = 'HTTP/1.1 204 No\r\n\r\n';
  const scripts = [...brokenAtEachByte(answer, steps.close)];
  expect(scripts).toHaveLength(answer.length + 1);
  await using server = await UnrulyServer.open((connection) => scripts[connection]!);
  for (let cut = 0; cut <= answer.length; cut += 1) {
    await using client = await RawClient.connect({ port: server.port });
    await client.send(REQUEST);
    expect((await client.untilEnd()).toString()).toBe(answer.slice(0, cut));
  }
});

test('a stall lasts until the test ends it', async () => {
  await using server = await UnrulyServer.open([
    steps.readHead,
    steps.send('HTTP/1.1 200 OK\r\n'),
    steps.stall,
    steps.drip('content-length: 0\r\n\r\n'),
  ]);
  await using client = await RawClient.connect({ port: server.port });
  await client.send(REQUEST);
  const connection = await server.connection(0);
  await waitFor('the first line', () => connection.stepsDone === 2);
  connection.resume();
  expect((await client.response()).status).toBe(200);
});

test('a stall that was ended before it began does not last', async () => {
  await using server = await UnrulyServer.open([steps.readHead, steps.stall, steps.send('on')]);
  await using client = await RawClient.connect({ port: server.port });
  (await server.connection(0)).resume();
  await client.send(REQUEST);
  await waitFor('the bytes behind the stall', () => client.received.toString() === 'on');
});

test('it answers before it was asked, half-closes, and goes on reading', async () => {
  await using server = await UnrulyServer.open([
    steps.send('early'),
    steps.halfClose,
    steps.read('late'),
  ]);
  await using client = await RawClient.connect({ port: server.port });
  expect((await client.untilEnd()).toString()).toBe('early');
  expect(client.state).toBe('end');
  await client.send('too late');
  const connection = await server.connection(0);
  await waitFor('the script to end', () => connection.stepsDone === 3);
});

test('a reset is a reset', async () => {
  await using server = await UnrulyServer.open([steps.readHead, steps.reset]);
  await using client = await RawClient.connect({ port: server.port });
  await client.send(REQUEST);
  await client.untilEnd();
  await waitFor('RST', () => client.state === 'reset');
});

test('it refuses connections and accepts them again on the same port', async () => {
  await using server = await UnrulyServer.open([steps.send('hi'), steps.close]);
  await server.refuse();
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
    connect(server.port, '127.0.0.1').once('error', resolve);
  });
  expect(error.code).toBe('ECONNREFUSED');
  await server.accept();
  await using client = await RawClient.connect({ port: server.port });
  expect((await client.untilEnd()).toString()).toBe('hi');
});

test('a deaf server makes the sender wait', async () => {
  await using server = await UnrulyServer.open([steps.deaf, steps.stall, steps.hear]);
  await using client = await RawClient.connect({ port: server.port });
  const connection = await server.connection(0);
  await waitFor('deafness', () => connection.stepsDone === 1);
  let sent = false;
  const size = 16 * 1024 * 1024;
  const sending = client.send(Buffer.alloc(size)).then(() => {
    sent = true;
  });
  // What the kernel takes it takes in this turn; the rest waits in the client.
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toBe(false);
  expect(client.socket.writableLength).toBe(size);
  connection.resume();
  await sending;
  await waitFor('all bytes', () => connection.received.length === size);
});
