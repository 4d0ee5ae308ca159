import { createServer, type Server, type Socket } from 'node:net';
import { type AnswerLike, encodeAnswer } from './origin-answer.ts';
import { type Fault, type StrictMessage, StrictReader } from './strict-http1.ts';
import { valuesOf } from './strict-rules.ts';
import { waitFor } from './wait-for.ts';

/** A request as the origin got it. */
export interface RecordedRequest extends StrictMessage {
  readonly method: string;
  readonly target: string;
  /** Counted from 0 in order of accept. */
  readonly connection: number;
  /** The first value of a field, the name in any case. */
  header(name: string): string | undefined;
}

/** One accepted connection and all that came over it. */
export interface RecordedConnection {
  readonly requests: readonly RecordedRequest[];
  readonly faults: readonly Fault[];
  /** Every byte received. */
  readonly bytes: Buffer;
  readonly closed: boolean;
}

export interface OriginOptions {
  /** What to answer; default `200` with an empty body. Answers keep the order of the requests. */
  readonly answer?: (request: RecordedRequest) => AnswerLike | Promise<AnswerLike>;
  /** Sees a head before its body, for answers such as `100 Continue`; what it returns is sent at once. */
  readonly onHead?: (startLine: string, connection: number) => string | undefined;
  /** After a `101` answer the connection is the tunnel's; default: echo. */
  readonly tunnel?: (socket: Socket) => void;
  /** Keep requests and bytes; default true. Load tests turn it off. */
  readonly record?: boolean;
  readonly host?: string;
  readonly port?: number;
}

/**
 * An HTTP/1.1 server that trusts nobody: it reads with its own strict parser, keeps the bytes, and
 * lists every fault. Behind a proxy that works its `faults` stay empty, whatever the client sent.
 */
export class RecordingOrigin {
  readonly #server: Server;
  readonly #options: OriginOptions;
  readonly #connections: Connection[] = [];
  #requestCount = 0;

  private constructor(options: OriginOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#connections.push(
        new Connection(socket, this.#connections.length, this.#options, () => {
          this.#requestCount += 1;
        }),
      );
    });
  }

  static async open(options: OriginOptions = {}): Promise<RecordingOrigin> {
    const origin = new RecordingOrigin(options);
    await new Promise<void>((resolve, reject) => {
      origin.#server.once('error', reject);
      origin.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
    });
    return origin;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the origin is closed');
    return address.port;
  }

  get url(): string {
    return `http://${this.#options.host ?? '127.0.0.1'}:${this.port}`;
  }

  get connections(): readonly RecordedConnection[] {
    return this.#connections;
  }

  /** All complete requests, by connection and then in order. */
  get requests(): readonly RecordedRequest[] {
    return this.#connections.flatMap((connection) => connection.requests);
  }

  /** How many complete requests came, kept also where they are not recorded. */
  get requestCount(): number {
    return this.#requestCount;
  }

  get faults(): readonly Fault[] {
    return this.#connections.flatMap((connection) => connection.faults);
  }

  /** Everything that came, of all connections. Empty proves that nothing was forwarded. */
  get bytesReceived(): Buffer {
    return Buffer.concat(this.#connections.map((connection) => connection.bytes));
  }

  /** Waits until at least `count` requests are complete. */
  async waitForRequests(count: number): Promise<readonly RecordedRequest[]> {
    await waitFor(`${count} requests at the origin`, () => this.#requestCount >= count);
    return this.requests;
  }

  /** Forgets what was recorded; connections stay open. */
  forget(): void {
    this.#requestCount = 0;
    for (const connection of this.#connections) connection.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }
}

class Connection implements RecordedConnection {
  readonly #socket: Socket;
  readonly #index: number;
  readonly #options: OriginOptions;
  readonly #onRequest: () => void;
  readonly #reader: StrictReader;
  #chunks: Buffer[] = [];
  #answering: Promise<void> = Promise.resolve();
  #tunnelled = false;
  #ended = false;
  requests: RecordedRequest[] = [];
  faults: Fault[] = [];
  closed = false;

  constructor(socket: Socket, index: number, options: OriginOptions, onRequest: () => void) {
    this.#socket = socket;
    this.#index = index;
    this.#options = options;
    this.#onRequest = onRequest;
    this.#reader = new StrictReader({
      direction: { kind: 'request' },
      onHead: ({ startLine }) => {
        const interim = options.onHead?.(startLine, index);
        if (interim !== undefined) socket.write(interim, 'latin1');
      },
      onMessage: (message) => this.#accept(message),
      onFault: (fault) => this.#refuse(fault),
    });
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#finish());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.closed = true;
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  forget(): void {
    this.#chunks = [];
    this.requests = [];
    this.faults = [];
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#tunnelled) return;
    if (this.#options.record !== false) this.#chunks.push(chunk);
    this.#reader.push(chunk);
  }

  #accept(message: StrictMessage): void {
    const [method, target] = message.startLine.split(' ');
    const request: RecordedRequest = {
      ...message,
      method: method!,
      target: target!,
      connection: this.#index,
      header: (name) => valuesOf(message.fields, name)[0],
    };
    if (this.#options.record !== false) this.requests.push(request);
    this.#onRequest();
    this.#answering = this.#answering.then(() => this.#answer(request));
  }

  async #answer(request: RecordedRequest): Promise<void> {
    const answer = encodeAnswer((await this.#options.answer?.(request)) ?? {}, request.method);
    if (this.#socket.destroyed) return;
    this.#socket.write(answer.bytes);
    if (answer.status === 101) this.#openTunnel();
    else if (answer.close) this.#socket.end();
  }

  #openTunnel(): void {
    this.#tunnelled = true;
    const rest = this.#reader.detach();
    this.#socket.removeAllListeners('data');
    if (this.#options.tunnel !== undefined) {
      if (rest.length > 0) this.#socket.unshift(rest);
      this.#options.tunnel(this.#socket);
      return;
    }
    this.#socket.write(rest);
    this.#socket.pipe(this.#socket);
  }

  /** A fault in the grammar leaves no safe next byte: answer as a careful server would. */
  #refuse(fault: Fault): void {
    this.faults.push(fault);
    if (!fault.fatal) return;
    const { bytes } = encodeAnswer({ status: 400, body: fault.code, close: true }, 'GET');
    this.#answering = this.#answering.then(() => {
      this.#socket.end(bytes);
    });
  }

  #finish(): void {
    if (this.#ended || this.#tunnelled) return;
    this.#ended = true;
    this.#reader.end();
    this.#answering = this.#answering.then(() => {
      this.#socket.end();
    });
  }
}
