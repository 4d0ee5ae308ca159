import { Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import type { JsonObject } from '@lateen/sdk/base/json';
import { openRegistry } from '@lateen/sdk/xds/registry';

const PREFIX = 'type.googleapis.com/envoy.service.discovery.v3.';
const registry = openRegistry();

export interface ReceivedResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly names: readonly string[];
  readonly removed: readonly string[];
  /** Length of the whole response on the wire. */
  readonly bytes: number;
  readonly json: JsonObject;
}

/** A bare ADS client for tests: says what it is told to say and records what it hears. */
export class TestClient {
  readonly responses: ReceivedResponse[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #dialect: 'delta' | 'sotw';
  /** Acknowledge everything by itself. */
  autoAck = true;
  ended: { readonly code: number; readonly details: string } | undefined;

  constructor(port: number, options: { token?: string; dialect?: 'delta' | 'sotw' } = {}) {
    this.#dialect = options.dialect ?? 'delta';
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const metadata = new Metadata();
    if (options.token !== undefined) metadata.set('authorization', `Bearer ${options.token}`);
    const method = this.#dialect === 'delta' ? 'Delta' : 'Stream';
    const path = `/envoy.service.discovery.v3.AggregatedDiscoveryService/${method}AggregatedResources`;
    const same = (bytes: Buffer): Buffer => bytes;
    this.#call = this.#client.makeBidiStreamRequest(path, same, same, metadata);
    this.#call.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#call.on('error', () => {});
    this.#call.on('status', (status) => {
      this.ended = { code: status.code, details: status.details };
    });
  }

  send(request: JsonObject): void {
    const type = this.#dialect === 'delta' ? 'DeltaDiscoveryRequest' : 'DiscoveryRequest';
    const encoded = registry.encode({ '@type': PREFIX + type, ...request });
    if (!encoded.ok) throw new Error(encoded.error.message);
    this.#call.write(Buffer.from(encoded.value.value));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#call.write(Buffer.from(bytes));
  }

  /** The next response of a type after the first `seen` ones, once it is there; the test's own time limit ends the wait. */
  async next(typeUrl: string, seen = 0): Promise<ReceivedResponse> {
    for (;;) {
      const found = this.of(typeUrl)[seen];
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  of(typeUrl: string): readonly ReceivedResponse[] {
    return this.responses.filter((response) => response.typeUrl === typeUrl);
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }

  #receive(bytes: Buffer): void {
    const type = this.#dialect === 'delta' ? 'DeltaDiscoveryResponse' : 'DiscoveryResponse';
    const decoded = registry.decode(PREFIX + type, bytes);
    if (!decoded.ok) throw new Error(decoded.error.message);
    const json = decoded.value;
    const resources = (json['resources'] ?? []) as readonly JsonObject[];
    const typeUrl = String(json['typeUrl']);
    const nonce = String(json['nonce']);
    this.responses.push({
      typeUrl,
      nonce,
      names: resources.map((each) => String(each['name'] ?? each['clusterName'])),
      removed: (json['removedResources'] ?? []) as readonly string[],
      bytes: bytes.length,
      json,
    });
    for (const wake of this.#waiting.splice(0)) wake();
    if (this.autoAck) this.ack(typeUrl, nonce);
  }

  ack(typeUrl: string, nonce: string): void {
    if (this.#dialect === 'delta') this.send({ typeUrl, responseNonce: nonce });
    else {
      const names = this.sotwNames.get(typeUrl) ?? [];
      this.send({ typeUrl, responseNonce: nonce, resourceNames: [...names] });
    }
  }

  /** State of the world: every request repeats the names. */
  readonly sotwNames = new Map<string, readonly string[]>();
}
