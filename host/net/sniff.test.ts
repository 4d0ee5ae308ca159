import { createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLIENT_HELLO_BYTES_MAX, REQUEST_LINE_BYTES_MAX, sniff } from './sniff.ts';

const BOTH = { tls: true, http: true };

/** The bytes that Node's own TLS client begins with. */
async function clientHello(servername: string, protocols: readonly string[]): Promise<Buffer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const hello = new Promise<Buffer>((resolve) => {
    server.once('connection', (socket) => {
      socket.on('error', () => {});
      socket.once('data', (chunk: Buffer) => {
        socket.destroy();
        resolve(chunk);
      });
    });
  });
  const client = connectTls({
    port: address.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: [...protocols],
    ...(servername === '' ? {} : { servername }),
  });
  client.on('error', () => {});
  const bytes = await hello;
  client.destroy();
  server.close();
  return bytes;
}

describe('the first bytes of a connection', () => {
  it('show the server name and the protocols of a TLS client', async () => {
    const hello = await clientHello('Reviews.Example.COM', ['h2', 'http/1.1']);
    expect(sniff(hello, BOTH)).toEqual({
      kind: 'tls',
      serverName: 'reviews.example.com',
      applicationProtocols: ['h2', 'http/1.1'],
    });
    const bare = await clientHello('', []);
    expect(sniff(bare, BOTH)).toEqual({ kind: 'tls', serverName: '', applicationProtocols: [] });
  });

  it('of a ClientHello show nothing until the last of them is there', async () => {
    const hello = await clientHello('a.test', ['h2']);
    for (let length = 0; length < hello.length; length++) {
      expect(sniff(hello.subarray(0, length), BOTH)).toEqual({ kind: 'incomplete' });
    }
  });

  it('may come in many small TLS records', async () => {
    const hello = await clientHello('a.test', ['h2']);
    const body = hello.subarray(5);
    const records: Buffer[] = [];
    for (let at = 0; at < body.length; at += 3) {
      const part = body.subarray(at, at + 3);
      records.push(Buffer.from([22, 3, 1, 0, part.length]), part);
    }
    const cut = Buffer.concat(records);
    expect(sniff(cut, BOTH)).toMatchObject({ kind: 'tls', serverName: 'a.test' });
    for (let length = 0; length < cut.length; length++) {
      expect(sniff(cut.subarray(0, length), BOTH).kind).toBe('incomplete');
    }
  });

  it.each([
    ['GET / HTTP/1.1\r\n', 'http/1.1'],
    ['OPTIONS * HTTP/1.0\r\nx', 'http/1.0'],
    ['P / HTTP/1.1\r\n', 'http/1.1'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'h2c'],
  ])('%j are %s', (text, protocol) => {
    const bytes = Buffer.from(text, 'latin1');
    expect(sniff(bytes, BOTH)).toEqual({ kind: 'http', protocol });
    for (let length = 0; length < text.indexOf('\r\n'); length++) {
      expect(sniff(bytes.subarray(0, length), BOTH)).toEqual({ kind: 'incomplete' });
    }
  });

  it.each([
    '\0\0',
    ' GET / HTTP/1.1\r\n',
    'SSH-2.0-OpenSSH\r\n',
    'GET / HTTP/3.0\r\n',
    '(x)',
    '\r\n',
    '\x16\x02\x01\x00\x05hello',
    '\x16\x03\x01\x00\x00',
    '\x16\x03\x01\x00\x04\x02\x00\x00\x01',
  ])('%j are nothing we know', (text) => {
    expect(sniff(Buffer.from(text, 'latin1'), BOTH)).toEqual({ kind: 'unknown' });
  });

  it('are looked at only for what is wanted', async () => {
    const hello = await clientHello('a.test', []);
    expect(sniff(hello, { tls: false, http: true })).toEqual({ kind: 'unknown' });
    const request = Buffer.from('GET / HTTP/1.1\r\n');
    expect(sniff(request, { tls: true, http: false })).toEqual({ kind: 'unknown' });
  });

  it('are given up on beyond a limit', () => {
    const line = Buffer.alloc(REQUEST_LINE_BYTES_MAX + 1, 'a');
    expect(sniff(line, BOTH)).toEqual({ kind: 'unknown' });
    const huge = Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x40, 0]);
    expect(sniff(huge, BOTH)).toEqual({ kind: 'unknown' });
    const drip = Buffer.alloc(
      6 * (CLIENT_HELLO_BYTES_MAX / 6 + 2),
      Buffer.from([22, 3, 1, 0, 1, 1]),
    );
    expect(sniff(drip, BOTH).kind).not.toBe('incomplete');
  });

  it('never make it throw, nor wait beyond the limit', async () => {
    const hello = await clientHello('a.test', ['h2']);
    fc.assert(
      fc.property(
        fc.nat(hello.length - 1),
        fc.nat(255),
        fc.nat(hello.length),
        (at, byte, length) => {
          const mutated = Buffer.from(hello.subarray(0, length));
          if (at < length) mutated[at] = byte;
          sniff(mutated, BOTH);
        },
      ),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        sniff(Buffer.from(bytes), BOTH);
        sniff(Buffer.concat([Buffer.from([22, 3, 1]), bytes]), BOTH);
      }),
    );
  });
});
