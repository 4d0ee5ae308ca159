import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export type Pairs = readonly (readonly [string, string])[];

/** A request on both sides of the proxy. */
export interface Exchange {
  readonly id: number;
  readonly method: string;
  readonly path: string;
  readonly sent: Pairs;
  readonly body: Buffer;
  /** What the service got and answered; null where the filter kept it. */
  readonly arrived: Arrival | null;
  readonly status: number;
  readonly received: Pairs;
  readonly ms: number;
}

interface Arrival {
  readonly headers: Pairs;
  readonly body: Buffer;
  readonly answered: Pairs;
  /** Since the request was sent. */
  readonly afterMs: number;
}

/** Tells the two sides of a request together. The service sees it, clients never. */
export const MARK = 'x-lateen-dev';
const BODY_BYTES_MAX = 10 * 1024 * 1024;

/**
 * Stands before the proxy and behind it: what clients send goes through the proxy to a service
 * that echoes, and `onExchange` is told what became of it.
 */
export class Relay {
  onExchange: (exchange: Exchange) => void = () => {};
  readonly #front: Server;
  readonly #service: Server;
  readonly #begun = new Map<string, { at: number; arrived: Arrival | null }>();
  #count = 0;

  constructor(gatewayPort: number) {
    this.#front = createServer((from, to) => void this.#relay(gatewayPort, from, to));
    this.#service = createServer((from, to) => void this.#echo(from, to));
  }

  async openService(): Promise<number> {
    return listen(this.#service, 0);
  }

  openFront(port: number): Promise<number> {
    return listen(this.#front, port);
  }

  close(): void {
    for (const server of [this.#front, this.#service]) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #relay(port: number, from: IncomingMessage, to: ServerResponse): Promise<void> {
    const id = ++this.#count;
    const begun = { at: performance.now(), arrived: null as Arrival | null };
    this.#begun.set(String(id), begun);
    const method = from.method ?? 'GET';
    const path = from.url ?? '/';
    try {
      const body = await readBody(from);
      const headers = { ...from.headers, [MARK]: String(id) };
      const answer = await send({ port, method, path, headers }, body);
      const received = pairsOf(answer.message.headers);
      const status = answer.message.statusCode ?? 0;
      to.writeHead(status, withoutFraming(answer.message.headers)).end(answer.body);
      const ms = performance.now() - begun.at;
      const { arrived } = begun;
      const sent = pairsOf(from.headers);
      this.onExchange({ id, method, path, sent, body, arrived, status, received, ms });
    } catch (error) {
      to.writeHead(502).end(`${error instanceof Error ? error.message : error}\n`);
    } finally {
      this.#begun.delete(String(id));
    }
  }

  async #echo(from: IncomingMessage, to: ServerResponse): Promise<void> {
    const begun = this.#begun.get(String(from.headers[MARK]));
    const body = await readBody(from).catch(() => Buffer.alloc(0));
    const answered: [string, string][] = [['content-type', 'text/plain']];
    to.writeHead(200, Object.fromEntries(answered));
    to.end(body.length > 0 ? body : 'hello\n');
    if (begun === undefined) return;
    const afterMs = performance.now() - begun.at;
    const path: [string, string] = [':path', from.url ?? ''];
    const headers = [path, ...pairsOf(from.headers)];
    begun.arrived = { headers, body, answered, afterMs };
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

async function readBody(from: IncomingMessage): Promise<Buffer> {
  let size = 0;
  from.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) from.destroy(new Error(`body over ${BODY_BYTES_MAX} bytes`));
  });
  return buffer(from);
}

function send(
  to: { port: number; method: string; path: string; headers: IncomingHttpHeaders },
  body: Buffer,
): Promise<{ message: IncomingMessage; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', agent: false, ...to }, (message) => {
      buffer(message).then((read) => resolve({ message, body: read }), reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function pairsOf(headers: IncomingHttpHeaders): Pairs {
  return Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
}

/** The body is sent anew, with a length of its own. */
function withoutFraming(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { 'transfer-encoding': _, 'content-length': __, connection: ___, ...rest } = headers;
  return rest;
}
