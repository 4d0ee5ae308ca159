import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { JsonObject } from '@lateen/sdk/base/json';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DeltaResource,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@lateen/sdk/xds/discovery';
import type { PackedMessage, XdsRegistry } from '@lateen/sdk/xds/registry';
import { adsService } from '@lateen/sdk/xds/services';

type DeltaCall = ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;
type SotwCall = ServerDuplexStream<DiscoveryRequest, DiscoveryResponse>;

/**
 * A management server for tests that says exactly what the test tells it to and records what it
 * hears; it has no rules of its own.
 */
export class ManagementServer {
  readonly delta: DeltaDiscoveryRequest[] = [];
  readonly sotw: DiscoveryRequest[] = [];
  /** Values of the `authorization` header, one for each stream. */
  readonly tokens: string[] = [];
  readonly #registry: XdsRegistry;
  readonly #server: Server;
  #deltaCall: DeltaCall | undefined;
  #sotwCall: SotwCall | undefined;
  #nonce = 0;
  port = 0;

  constructor(registry: XdsRegistry) {
    this.#registry = registry;
    this.#server = new Server();
    this.#server.addService(adsService(registry) as never, {
      DeltaAggregatedResources: (call: DeltaCall) => {
        this.#deltaCall = call;
        this.tokens.push(String(call.metadata.get('authorization')[0] ?? ''));
        call.on('data', (request: DeltaDiscoveryRequest) => this.delta.push(request));
        call.on('error', () => {});
      },
      StreamAggregatedResources: (call: SotwCall) => {
        this.#sotwCall = call;
        call.on('data', (request: DiscoveryRequest) => this.sotw.push(request));
        call.on('error', () => {});
      },
    });
  }

  async open(port = 0): Promise<this> {
    this.port = await new Promise<number>((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      this.#server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    return this;
  }

  /** Sends a delta response; returns its nonce. */
  sendDelta(typeUrl: string, resources: readonly JsonObject[], removed: string[] = []): string {
    const nonce = String(++this.#nonce);
    const packed = resources.map((json) => this.#deltaResource(json, nonce));
    this.#deltaCall!.write({
      systemVersionInfo: nonce,
      typeUrl,
      nonce,
      controlPlane: 'test',
      removedResources: removed,
      resources: packed,
    });
    return nonce;
  }

  sendSotw(typeUrl: string, versionInfo: string, resources: readonly JsonObject[]): string {
    const nonce = String(++this.#nonce);
    const packed = resources.map((json) => this.#pack(json));
    const controlPlane = 'test';
    this.#sotwCall!.write({ versionInfo, typeUrl, nonce, controlPlane, resources: packed });
    return nonce;
  }

  /** Ends the streams as a server does that goes away. */
  endStreams(): void {
    this.#deltaCall?.end();
    this.#sotwCall?.end();
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #deltaResource(json: JsonObject, version: string): DeltaResource {
    const name = String(json['name'] ?? json['clusterName']);
    return { name, aliases: [], version, resource: this.#pack(json), ttlMs: 0 };
  }

  /** A resource may be given ready-made, to be wrong on purpose. */
  #pack(json: JsonObject): PackedMessage {
    const bytes = json['bytes'];
    if (typeof bytes === 'string') {
      return { typeUrl: String(json['@type']), value: Buffer.from(bytes, 'latin1') };
    }
    const packed = this.#registry.encode(json);
    if (!packed.ok) throw new Error(packed.error.message);
    return packed.value;
  }
}
