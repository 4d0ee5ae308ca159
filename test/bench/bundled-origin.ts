import { createServer } from 'node:net';

/** Fixed answers as fast as a socket allows: it looks for the end of a head and reads nothing else. */
const [small, large] = [100, 10_000].map((size) => {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${size}\r\n\r\n`;
  return Buffer.from(head + 'x'.repeat(size), 'latin1');
});

createServer({ noDelay: true }, (socket) => {
  let rest = '';
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    const heads = rest.split('\r\n\r\n');
    rest = heads.pop() ?? '';
    for (const head of heads) socket.write(head.startsWith('GET /10k') ? large! : small!);
  });
  socket.on('error', () => socket.destroy());
}).listen(Number(process.argv[2]), '127.0.0.1');
