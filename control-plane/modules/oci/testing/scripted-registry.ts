import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from '../../digest.ts';
import { OCI_MANIFEST } from '../manifest.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A registry that does what a test wants: what the real one never would. */
export class ScriptedRegistry {
  readonly #server: Server;
  readonly #routes = new Map<string, Handler>();
  /** `METHOD path`, of every request. */
  readonly asked: string[] = [];
  /** The `authorization` of each, in the same order. */
  readonly authorizations: (string | undefined)[] = [];

  private constructor() {
    const listener: RequestListener = (request, response) => {
      const path = (request.url ?? '').replace(/\?.*$/, '');
      this.asked.push(`${request.method} ${path}`);
      this.authorizations.push(request.headers.authorization);
      const handler = this.#routes.get(path) ?? this.#routes.get('*');
      if (handler !== undefined) handler(request, response);
      else response.writeHead(path === '/v2/' ? 200 : 404).end();
    };
    this.#server = createServer(listener);
  }

  static async open(address = '127.0.0.1'): Promise<ScriptedRegistry> {
    const registry = new ScriptedRegistry();
    await new Promise<void>((resolve) => registry.#server.listen(0, address, resolve));
    return registry;
  }

  get host(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `${address}:${port}`;
  }

  /** `*` is every path that has no handler of its own. */
  on(path: string, handler: Handler): void {
    this.#routes.set(path, handler);
  }

  /** The manifest `x:v1`. */
  manifest(json: unknown, type = OCI_MANIFEST): void {
    const body = typeof json === 'string' ? json : JSON.stringify(json);
    this.on('/v2/x/manifests/v1', (_, response) => {
      response.writeHead(200, { 'content-type': type }).end(body);
    });
  }

  /** An image with one layer, which is what `claim` says, and served as `handler` does it. */
  layer(claim: { mediaType: string; bytes: Uint8Array; size?: number }, handler: Handler): void {
    const { mediaType, bytes, size = bytes.length } = claim;
    const digest = `sha256:${sha256(bytes)}`;
    const layers = [{ mediaType, digest, size }];
    this.manifest({ schemaVersion: 2, mediaType: OCI_MANIFEST, layers });
    this.on(`/v2/x/blobs/${digest}`, handler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
