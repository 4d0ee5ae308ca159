import { create, type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import type { Json, JsonObject } from '../base/json.ts';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
  ErrorDetail,
} from './discovery.ts';
import type { PackedMessage, XdsRegistry } from './registry.ts';

/** One method in the form in which grpc-js takes it (clients and servers alike). */
export interface MethodDefinition<Request, Response> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  requestSerialize(value: Request): Buffer;
  requestDeserialize(bytes: Buffer): Request;
  responseSerialize(value: Response): Buffer;
  responseDeserialize(bytes: Buffer): Response;
}

/** The AggregatedDiscoveryService; `grpc.Server.addService` takes it as it is. */
export interface AdsService {
  readonly StreamAggregatedResources: MethodDefinition<DiscoveryRequest, DiscoveryResponse>;
  readonly DeltaAggregatedResources: MethodDefinition<
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse
  >;
}

const PACKAGE = 'envoy.service.discovery.v3';

/**
 * The ADS methods over our own types. A malformed message makes `...Deserialize` throw, which
 * grpc-js turns into a status of the call.
 */
export function adsService(registry: XdsRegistry): AdsService {
  const path = (name: string) => `/${PACKAGE}.AggregatedDiscoveryService/${name}`;
  const streams = { requestStream: true, responseStream: true };
  return {
    StreamAggregatedResources: {
      path: path('StreamAggregatedResources'),
      ...streams,
      ...codec(registry, 'DiscoveryRequest', 'DiscoveryResponse'),
    },
    DeltaAggregatedResources: {
      path: path('DeltaAggregatedResources'),
      ...streams,
      ...codec(registry, 'DeltaDiscoveryRequest', 'DeltaDiscoveryResponse'),
    },
  };
}

function unwrap<T>(
  result:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: { readonly message: string } },
): T {
  // Serializers of grpc-js report by throwing.
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

type Shape = Readonly<Record<string, unknown>>;

function codec<Request extends object, Response extends object>(
  registry: XdsRegistry,
  requestName: string,
  responseName: string,
): Omit<MethodDefinition<Request, Response>, 'path' | 'requestStream' | 'responseStream'> {
  const request = registry.types.getMessage(`${PACKAGE}.${requestName}`)!;
  const response = registry.types.getMessage(`${PACKAGE}.${responseName}`)!;
  const wire = new Wire(registry);
  return {
    requestSerialize: (value) => encode(request, wire.toMessage(value as Shape)),
    requestDeserialize: (bytes) => wire.fromRequest(fromBinary(request, bytes)) as Request,
    responseSerialize: (value) => encode(response, wire.toMessage(value as Shape)),
    responseDeserialize: (bytes) => wire.fromResponse(fromBinary(response, bytes)) as Response,
  };
}

function encode(desc: DescMessage, shape: Shape): Buffer {
  return Buffer.from(toBinary(desc, create(desc, shape as never)));
}

/** Turns our shapes into protobuf messages and back; resources stay bytes. */
class Wire {
  readonly #registry: XdsRegistry;

  constructor(registry: XdsRegistry) {
    this.#registry = registry;
  }

  toMessage(shape: Shape): Shape {
    const { node, errorDetail, controlPlane, resources, ...rest } = shape;
    const message: Record<string, unknown> = { ...rest };
    if (node) message['node'] = this.#readNode(node as JsonObject);
    if (errorDetail) message['errorDetail'] = errorDetail;
    if (controlPlane) message['controlPlane'] = { identifier: controlPlane };
    if (Array.isArray(resources)) message['resources'] = resources.map(toWireResource);
    return message;
  }

  fromRequest(message: Message): Shape {
    const known = pick(message, REQUEST_FIELDS);
    const { node, errorDetail } = message as Message & Shape;
    const detail = errorDetail as ErrorDetail | undefined;
    return {
      ...known,
      node: this.#writeNode(node as Message | undefined),
      errorDetail: detail === undefined ? null : { code: detail.code, message: detail.message },
    };
  }

  fromResponse(message: Message): Shape {
    const { controlPlane, resources } = message as Message & Shape;
    const plane = controlPlane as { readonly identifier: string } | undefined;
    return {
      ...pick(message, RESPONSE_FIELDS),
      controlPlane: plane?.identifier ?? '',
      resources: (resources as readonly Shape[]).map(fromWireResource),
    };
  }

  /** A node goes through JSON: its metadata is a Struct, which messages hold as JSON anyway. */
  #readNode(node: JsonObject): Message {
    const packed = unwrap(
      this.#registry.encode({ ...node, '@type': '/envoy.config.core.v3.Node' }, 'node'),
    );
    return fromBinary(this.#node(), packed.value);
  }

  #writeNode(node: Message | undefined): Json {
    if (node === undefined) return null;
    const bytes = toBinary(this.#node(), node);
    const { '@type': _type, ...json } = unwrap(
      this.#registry.decode('envoy.config.core.v3.Node', bytes, 'node'),
    );
    return json;
  }

  #node(): DescMessage {
    return this.#registry.types.getMessage('envoy.config.core.v3.Node')!;
  }
}

/** Fields that both sides spell alike, of either protocol variant. */
const REQUEST_FIELDS = [
  'versionInfo',
  'resourceNames',
  'typeUrl',
  'responseNonce',
  'resourceNamesSubscribe',
  'resourceNamesUnsubscribe',
  'initialResourceVersions',
];
const RESPONSE_FIELDS = [
  'versionInfo',
  'typeUrl',
  'nonce',
  'systemVersionInfo',
  'removedResources',
];

function pick(message: Message, names: readonly string[]): Shape {
  const source = message as Message & Shape;
  const present = names.filter((name) => source[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, source[name]]));
}

interface WireDuration {
  readonly seconds: bigint;
  readonly nanos: number;
}

function toWireResource(resource: Shape): Shape {
  if ('typeUrl' in resource) return resource;
  const { ttlMs, resource: packed, ...rest } = resource;
  const ttl = ttlMs ? { ttl: toDuration(ttlMs as number) } : {};
  return { ...rest, ...ttl, ...(packed ? { resource: packed } : {}) };
}

function fromWireResource(resource: Shape): Shape {
  if ('typeUrl' in resource) return { typeUrl: resource['typeUrl'], value: resource['value'] };
  const { name, aliases, version, ttl } = resource;
  const packed = resource['resource'] as PackedMessage | undefined;
  return {
    name,
    aliases,
    version,
    resource: packed === undefined ? null : { typeUrl: packed.typeUrl, value: packed.value },
    ttlMs: ttl === undefined ? 0 : fromDuration(ttl as WireDuration),
  };
}

function toDuration(ms: number): WireDuration {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) };
}

function fromDuration(duration: WireDuration): number {
  return Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}
