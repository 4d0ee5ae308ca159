import { connect, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { RawClient } from '../../test/kit/raw-client.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { SilentServer } from './fixtures/silent-server.ts';
import { TinyProxy } from './fixtures/tiny-proxy.ts';

const GET = 'GET /x HTTP/1.1\r\nHost: t\r\n\r\n';
const POST = 'POST /x HTTP/1.1\r\nHost: t\r\n';

describe('back-pressure', () => {
  test('a client that does not read holds the origin back, and gets everything in the end', async () => {
    const total = 64 * 1024 * 1024;
    await using source = await SilentServer.open((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
      pour(socket, total);
    });
    await using proxy = await TinyProxy.open(source.port);
    const client = connect({ port: proxy.port, host: '127.0.0.1' });
    let received = 0;
    client.write(GET);
    expect(await standstill(() => source.written)).toBeLessThan(total / 2);
    client.on('data', (chunk) => {
      received += chunk.length;
    });
    await waitFor('the whole body', () => received > total, { deadlineMs: 15_000 });
    client.destroy();
  });

  test('an origin that does not read holds the client back', async () => {
    const total = 64 * 1024 * 1024;
    await using sink = await SilentServer.open((socket) => socket.pause());
    await using proxy = await TinyProxy.open(sink.port);
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(`${POST}Content-Length: ${total}\r\n\r\n`);
    pour(client.socket, total);
    const { socket } = client;
    const sent = await standstill(() => socket.bytesWritten - socket.writableLength);
    expect(sent).toBeLessThan(total / 2);
    sink.resume();
    await waitFor('the whole body', () => sink.received > total, { deadlineMs: 15_000 });
  });

  test('a client that goes away takes its upstream stream with it', async () => {
    await using source = await SilentServer.open((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsome');
    });
    await using proxy = await TinyProxy.open(source.port);
    await using client = await RawClient.connect({ port: proxy.port });
    await client.send(GET);
    await waitFor('the beginning', () => client.received.toString().includes('some'));
    client.reset();
    await waitFor('the upstream connection to go', () => proxy.upstreamConnections === 0);
    expect(proxy.resets).toEqual(['remote-reset downstream_remote_disconnect']);
  });
});

/** Waits until a count that has begun to grow stays the same for ten looks in a row. */
async function standstill(count: () => number): Promise<number> {
  let before = 0;
  let same = 0;
  await waitFor('the bytes to stand still', () => {
    const now = count();
    same = now === before && now > 0 ? same + 1 : 0;
    before = now;
    return same === 10;
  });
  return before;
}

/** Writes `total` bytes as fast as the socket takes them. */
function pour(socket: Socket, total: number): void {
  const block = Buffer.alloc(64 * 1024);
  let left = total;
  const more = (): void => {
    while (left > 0) {
      left -= block.length;
      if (!socket.write(block)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}
