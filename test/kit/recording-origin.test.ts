import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { fetchRaw, RawClient } from './raw-client.ts';
import { RecordingOrigin } from './recording-origin.ts';

test('it answers pipelined requests in order and keeps their bytes', async () => {
  await using origin = await RecordingOrigin.open({ answer: (request) => `to ${request.target}` });
  await using client = await RawClient.connect({ port: origin.port });
  const sent = 'GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\n\r\n';
  await client.sendInPieces(sent, 7);
  expect((await client.response()).text).toBe('to /1');
  expect((await client.response()).text).toBe('to /2');
  expect(origin.bytesReceived.toString()).toBe(sent);
  expect(origin.requests.map((request) => request.target)).toEqual(['/1', '/2']);
  expect(origin.faults).toEqual([]);
  expect(client.faults).toEqual([]);
});

test('a slow answer does not overtake', async () => {
  const gate = Promise.withResolvers<void>();
  await using origin = await RecordingOrigin.open({
    answer: async ({ target }) => {
      if (target === '/1') await gate.promise;
      return target;
    },
  });
  await using client = await RawClient.connect({ port: origin.port });
  await client.send('GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\n\r\n');
  await origin.waitForRequests(2);
  expect(client.received.length).toBe(0);
  gate.resolve();
  expect((await client.response()).text).toBe('/1');
});

test('a broken request is refused with 400, listed, and the connection closed', async () => {
  await using origin = await RecordingOrigin.open();
  await using client = await RawClient.connect({ port: origin.port });
  await client.send('GET / HTTP/1.1\nhost: a\r\n\r\n');
  expect((await client.response()).status).toBe(400);
  await client.untilEnd();
  expect(origin.faults.map((fault) => fault.code)).toEqual(['bare-lf']);
  expect(origin.requests).toEqual([]);
});

test('answers can have chunks, trailers, repeated fields, and any bytes at all', async () => {
  await using origin = await RecordingOrigin.open({
    answer: ({ target }) =>
      target === '/raw'
        ? { raw: 'HTTP/1.1 200\r\nx\r\n', close: true }
        : {
            status: 201,
            headers: { 'x-a': ['1', '2'] },
            chunks: ['ab', 'c'],
            trailers: { 'x-t': '1' },
          },
  });
  const good = await fetchRaw(origin.port, 'GET / HTTP/1.1');
  expect(good).toMatchObject({
    status: 201,
    text: 'abc',
    trailers: [['x-t', '1']],
    chunkSizes: [2, 1],
  });
  expect(good.fields.filter(([name]) => name === 'x-a')).toHaveLength(2);
  await using client = await RawClient.connect({ port: origin.port });
  await client.send('GET /raw HTTP/1.1\r\nhost: a\r\n\r\n');
  expect((await client.untilEnd()).toString()).toBe('HTTP/1.1 200\r\nx\r\n');
});

test('after 101 the connection is a tunnel, from the first byte on', async () => {
  await using origin = await RecordingOrigin.open({ answer: () => ({ status: 101 }) });
  await using client = await RawClient.connect({ port: origin.port });
  await client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
  expect((await client.response()).status).toBe(101);
  const echoed = new Promise((resolve) => client.socket.once('data', resolve));
  await client.send('\0\n any bytes');
  expect(String(await echoed)).toBe('\0\n any bytes');
  expect(origin.faults).toEqual([]);
});

test('an interim answer can be given as soon as the head is there', async () => {
  await using origin = await RecordingOrigin.open({
    onHead: () => 'HTTP/1.1 100 Continue\r\n\r\n',
  });
  await using client = await RawClient.connect({ port: origin.port });
  await client.send(
    'POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n',
  );
  expect((await client.response()).status).toBe(100);
  await client.send('hi');
  expect((await client.response()).status).toBe(200);
  expect(origin.requests[0]!.body.toString()).toBe('hi');
});

test('nothing listens any more once it is disposed of', async () => {
  const origin = await RecordingOrigin.open();
  const { port } = origin;
  await origin[Symbol.asyncDispose]();
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
    connect(port, '127.0.0.1').once('error', resolve);
  });
  expect(error.code).toBe('ECONNREFUSED');
});
