import { connect, type Socket } from 'node:net';
import { type Fault, type StrictMessage, StrictReader } from './strict-http1.ts';
import { type Field, valuesOf } from './strict-rules.ts';
import { waitFor, withDeadline } from './wait-for.ts';

/** A response as the client got it; interim responses (1xx) are messages of their own. */
export interface RawResponse extends StrictMessage {
  readonly status: number;
  readonly text: string;
  header(name: string): string | undefined;
}

export interface RawClientOptions {
  readonly port: number;
  readonly host?: string;
  /** Keeps writing after the server has ended its half; default true. */
  readonly allowHalfOpen?: boolean;
}

/**
 * A client that sends exactly the bytes it is given, in pieces as it is told, and shows what came
 * back both raw and parsed. For each final response it wants to know which method it answers:
 * `request` reads it off the bytes sent, pieces sent by `send` count as GET.
 */
export class RawClient {
  readonly #socket: Socket;
  readonly #responses: RawResponse[] = [];
  readonly #faults: Fault[] = [];
  readonly #methods: string[] = [];
  readonly #reader: StrictReader;
  #received: Buffer[] = [];
  #taken = 0;
  #end: 'open' | 'end' | 'closed' | 'reset' = 'open';

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#reader = new StrictReader({
      direction: { kind: 'response', nextMethod: () => this.#methods.shift() ?? 'GET' },
      onMessage: (message) => this.#accept(message),
      onFault: (fault) => this.#faults.push(fault),
    });
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#reader.push(chunk);
    });
    socket.on('end', () => {
      if (this.#end === 'open') this.#end = 'end';
      this.#reader.end();
    });
    socket.on('error', () => {
      this.#end = 'reset';
    });
    socket.on('close', () => {
      if (this.#end !== 'reset') this.#end = 'closed';
      this.#reader.end();
    });
  }

  static async connect(options: RawClientOptions): Promise<RawClient> {
    const { port, host = '127.0.0.1', allowHalfOpen = true } = options;
    const socket = connect({ port, host, allowHalfOpen, noDelay: true });
    const client = new RawClient(socket);
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    await withDeadline(`a connection to ${host}:${port}`, connected);
    return client;
  }

  /** The raw socket, for what has no method here. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Every byte received so far. */
  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  /** What was not canonical in the answers. */
  get faults(): readonly Fault[] {
    return this.#faults;
  }

  /** How the server's half stands: `end` after FIN, `closed` or `reset` when all is over. */
  get state(): 'open' | 'end' | 'closed' | 'reset' {
    return this.#end;
  }

  /** Sends bytes as they are; strings as latin1. Resolves when the kernel has them. */
  send(bytes: string | Uint8Array): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    return new Promise((resolve) => this.#socket.write(data, () => resolve()));
  }

  /** Sends in pieces of `size` bytes, each in a segment of its own as far as the kernel lets it. */
  async sendInPieces(bytes: string | Uint8Array, size: number): Promise<void> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    for (let at = 0; at < data.length; at += size) {
      await this.send(data.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Sends a whole request (CRLF added to each line) and returns its final response. */
  async request(
    startLine: string,
    headers: readonly string[] = ['host: test'],
    body = '',
  ): Promise<RawResponse> {
    this.expectMethod(startLine.split(' ')[0]!);
    await this.send(`${[startLine, ...headers].join('\r\n')}\r\n\r\n${body}`);
    for (;;) {
      const response = await this.response();
      if (response.status >= 200 || response.status === 101) return response;
    }
  }

  /** Says which method the next unanswered request has; only HEAD and CONNECT make a difference. */
  expectMethod(method: string): void {
    this.#methods.push(method);
  }

  /** The next response not yet taken; an error if the connection ends without one. */
  async response(deadlineMs = 5_000): Promise<RawResponse> {
    const index = this.#taken;
    this.#taken += 1;
    await waitFor(`response ${index + 1}`, () => this.#responses[index] ?? this.#over(), {
      deadlineMs,
    });
    const response = this.#responses[index];
    if (response !== undefined) return response;
    const faults = this.#faults.map((fault) => `${fault.code} ${fault.detail}`).join(', ');
    const got = this.received.toString('latin1').slice(0, 300);
    throw new Error(
      `no response ${index + 1}: ${this.#end} ${faults} after ${JSON.stringify(got)}`,
    );
  }

  /** Waits until the server has ended its half or the connection, and returns all that it sent. */
  async untilEnd(deadlineMs = 5_000): Promise<Buffer> {
    await waitFor('the end of the connection', () => this.#end !== 'open', { deadlineMs });
    return this.received;
  }

  /** Sends FIN; the other half stays open. */
  end(): void {
    this.#socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }

  #over(): boolean {
    return this.#end !== 'open' || this.#faults.length > 0;
  }

  #accept(message: StrictMessage): void {
    const status = Number(message.startLine.slice(9, 12));
    const header = (name: string) => valuesOf(message.fields, name)[0];
    this.#responses.push({ ...message, status, header, text: message.body.toString('utf8') });
    if (status === 101) this.#reader.detach();
  }
}

/** One request on a connection of its own: the shortest way to an answer. */
export async function fetchRaw(
  port: number,
  startLine: string,
  headers: readonly Field[] = [],
  body = '',
): Promise<RawResponse> {
  await using client = await RawClient.connect({ port });
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  if (!lines.some((line) => /^host:/i.test(line))) lines.unshift('host: test');
  if (body !== '') lines.push(`content-length: ${Buffer.byteLength(body)}`);
  return await client.request(startLine, lines, body);
}
