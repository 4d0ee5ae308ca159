import { createServer, type Server, type Socket } from 'node:net';
import { waitFor } from './wait-for.ts';

/**
 * One thing that an unruly server does on a connection, in order:
 * - `read`: waits until that many more bytes, or a text, have come
 * - `send`: sends bytes; `drip`: one byte per turn of the event loop
 * - `stall`: does nothing until the test calls `resume()` on the connection
 * - `half-close`: FIN; `close`: FIN and no reading; `reset`: RST
 * - `deaf`: stops reading, so that the peer's send buffer fills; `hear`: reads again
 */
export type Step =
  | { readonly kind: 'read'; readonly until: number | string }
  | { readonly kind: 'send'; readonly bytes: string | Uint8Array }
  | { readonly kind: 'drip'; readonly bytes: string | Uint8Array }
  | { readonly kind: 'stall' | 'half-close' | 'close' | 'reset' | 'deaf' | 'hear' };

export const steps = {
  /** Until the end of a head. */
  readHead: { kind: 'read', until: '\r\n\r\n' } as const satisfies Step,
  read: (until: number | string): Step => ({ kind: 'read', until }),
  send: (bytes: string | Uint8Array): Step => ({ kind: 'send', bytes }),
  drip: (bytes: string | Uint8Array): Step => ({ kind: 'drip', bytes }),
  stall: { kind: 'stall' } as const satisfies Step,
  halfClose: { kind: 'half-close' } as const satisfies Step,
  close: { kind: 'close' } as const satisfies Step,
  reset: { kind: 'reset' } as const satisfies Step,
  deaf: { kind: 'deaf' } as const satisfies Step,
  hear: { kind: 'hear' } as const satisfies Step,
};

/** A script per connection, by its number from 0; an array is for every connection. */
export type Script = readonly Step[] | ((connection: number) => readonly Step[]);

/** For each place in `answer`, first to last: the script that sends so many bytes and then does `fault`. */
export function* brokenAtEachByte(answer: string, fault: Step): Generator<readonly Step[]> {
  for (let cut = 0; cut <= answer.length; cut += 1) {
    const sent = cut === 0 ? [] : [steps.send(answer.slice(0, cut))];
    yield [steps.readHead, ...sent, fault];
  }
}

/** A TCP server that misbehaves exactly as its script says. */
export class UnrulyServer {
  readonly #server: Server;
  readonly #connections: UnrulyConnection[] = [];
  #script: Script;
  #port = 0;

  private constructor(script: Script) {
    this.#script = script;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const index = this.#connections.length;
      const script = typeof this.#script === 'function' ? this.#script(index) : this.#script;
      this.#connections.push(new UnrulyConnection(socket, script));
    });
  }

  static async open(script: Script = []): Promise<UnrulyServer> {
    const server = new UnrulyServer(script);
    await server.accept();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get connections(): readonly UnrulyConnection[] {
    return this.#connections;
  }

  /** For connections from now on. */
  setScript(script: Script): void {
    this.#script = script;
  }

  /** Connections are refused from now on; those that stand stay. The port stays ours to re-open. */
  async refuse(): Promise<void> {
    // A server that is closed waits for its connections; only the listening handle matters here.
    this.#server.close();
    await waitFor('the server to stop listening', () => !this.#server.listening);
  }

  /** Listens (again, on the same port). */
  async accept(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    const address = this.#server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
  }

  async connection(index: number): Promise<UnrulyConnection> {
    return await waitFor(`connection ${index}`, () => this.#connections[index]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) this.#server.close();
    for (const connection of this.#connections) connection.destroy();
  }
}

/** One connection and how far its script has come. */
export class UnrulyConnection {
  readonly #socket: Socket;
  #chunks: Buffer[] = [];
  /** How much of `received` the `read` steps have used up. */
  #used = 0;
  #wake: (() => void) | undefined;
  #stalls = 0;
  #resumed = 0;
  /** Steps done so far. */
  stepsDone = 0;
  /** How the peer's half stands. */
  peer: 'open' | 'end' | 'closed' | 'reset' = 'open';

  constructor(socket: Socket, script: readonly Step[]) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake?.();
    });
    socket.on('end', () => {
      if (this.peer === 'open') this.peer = 'end';
      this.#wake?.();
    });
    socket.on('error', () => {
      this.peer = 'reset';
    });
    socket.on('close', () => {
      if (this.peer !== 'reset') this.peer = 'closed';
      this.#wake?.();
    });
    void this.#play(script);
  }

  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  /** Ends a `stall`: the one that lasts, or, called before it, the next. */
  resume(): void {
    this.#resumed += 1;
    this.#wake?.();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #play(script: readonly Step[]): Promise<void> {
    for (const step of script) {
      await this.#do(step);
      this.stepsDone += 1;
    }
  }

  async #do(step: Step): Promise<void> {
    const socket = this.#socket;
    switch (step.kind) {
      case 'read':
        return await this.#until(() => this.#has(step.until));
      case 'send':
        return await this.#write(Buffer.from(step.bytes as string, 'latin1'));
      case 'drip':
        for (const byte of Buffer.from(step.bytes as string, 'latin1')) {
          await this.#write(Buffer.of(byte));
          await new Promise((resolve) => setImmediate(resolve));
        }
        return;
      case 'stall': {
        this.#stalls += 1;
        const wanted = this.#stalls;
        return await this.#until(() => this.#resumed >= wanted);
      }
      case 'half-close':
        socket.end();
        return;
      case 'close':
        socket.end(() => socket.destroy());
        return;
      case 'reset':
        socket.resetAndDestroy();
        return;
      case 'deaf':
        socket.pause();
        return;
      case 'hear':
        socket.resume();
        return;
    }
  }

  #has(until: number | string): boolean {
    const rest = this.received.subarray(this.#used);
    if (typeof until === 'number') {
      if (rest.length < until) return false;
      this.#used += until;
      return true;
    }
    const at = rest.indexOf(until, 0, 'latin1');
    if (at === -1) return false;
    this.#used += at + until.length;
    return true;
  }

  /** Waits for a condition that only bytes, `resume` or the end can bring; never for the dead. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#socket.destroyed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #write(bytes: Buffer): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }
}
