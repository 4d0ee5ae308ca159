import { connect, type Socket } from 'node:net';
import type { LoadOptions, LoadResult } from './load.ts';

/**
 * Closed-loop load where wrk is not installed: each connection sends a request when the last answer
 * is complete. It trusts what it measures: answers are found by their content-length alone.
 */
const options: LoadOptions = JSON.parse(process.argv[2]!);
const headers = `host: 127.0.0.1\r\n${options.close ? 'connection: close\r\n' : ''}`;
const request = Buffer.from(`GET ${options.path} HTTP/1.1\r\n${headers}\r\n`, 'latin1');
const latencies: number[] = [];
let errors = 0;
const end = performance.now() + options.seconds * 1000;

await Promise.all(Array.from({ length: options.connections }, runConnection));
latencies.sort((a, b) => a - b);
const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
const result: LoadResult = { requests: latencies.length, errors, p50Ms: at(0.5), p99Ms: at(0.99) };
process.stdout.write(JSON.stringify(result));

async function runConnection(): Promise<void> {
  while (performance.now() < end) await new Promise<void>(runSocket);
}

/** One connection until it ends; requests on it one after another. */
function runSocket(done: () => void): void {
  const socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
  let started = performance.now();
  let pending = Buffer.alloc(0);
  const send = () => {
    started = performance.now();
    socket.write(request);
  };
  socket.on('connect', send);
  socket.on('data', (chunk) => {
    pending =
      pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([pending, Buffer.from(chunk)]);
    const length = messageLength(pending);
    if (length === undefined || pending.length < length) return;
    if (pending.toString('latin1', 9, 10) !== '2') errors += 1;
    latencies.push(performance.now() - started);
    pending = Buffer.alloc(0);
    next(socket, send);
  });
  socket.on('error', () => {
    errors += 1;
  });
  socket.on('close', done);
}

function next(socket: Socket, send: () => void): void {
  if (options.close || performance.now() >= end) socket.destroy();
  else send();
}

function messageLength(bytes: Buffer): number | undefined {
  const head = bytes.indexOf('\r\n\r\n');
  if (head === -1) return undefined;
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1];
  return head + 4 + Number(length ?? 0);
}
