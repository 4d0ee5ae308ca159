import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import type { DiscoveryRequest } from './subscription.ts';

export type Dialect = 'delta' | 'sotw';

const REQUEST_TYPES: Readonly<Record<Dialect, string>> = {
  delta: 'type.googleapis.com/envoy.service.discovery.v3.DeltaDiscoveryRequest',
  sotw: 'type.googleapis.com/envoy.service.discovery.v3.DiscoveryRequest',
};

/** Who is at the other end of a stream, as the first request says. */
export interface XdsNode {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: JsonObject;
  /** `envoy 1.31.0`, `gRPC Node 1.14.1`, ...; empty where the client does not say. */
  readonly agent: string;
}

export interface DecodedRequest {
  readonly request: DiscoveryRequest;
  /** Only the first request of a stream is sure to carry it. */
  readonly node: XdsNode | undefined;
}

/** Type URL and bytes to canonical proto3 JSON. */
export type DecodeMessage = (typeUrl: string, bytes: Uint8Array) => Result<JsonObject>;

export function decodeRequest(
  decode: DecodeMessage,
  dialect: Dialect,
  bytes: Uint8Array,
): Result<DecodedRequest> {
  const decoded = decode(REQUEST_TYPES[dialect], bytes);
  if (!decoded.ok) return decoded;
  const json = decoded.value;
  const refusal = refusalOf(json['errorDetail']);
  const held = Object.entries(objectOf(json['initialResourceVersions']));
  const request: DiscoveryRequest = {
    typeUrl: textOf(json['typeUrl']),
    nonce: textOf(json['responseNonce']),
    ...(refusal === undefined ? {} : { refusal }),
    names: textsOf(json['resourceNames']),
    subscribe: textsOf(json['resourceNamesSubscribe']),
    unsubscribe: textsOf(json['resourceNamesUnsubscribe']),
    held: new Map(held.map(([name, version]) => [name, textOf(version)])),
  };
  return ok({ request, node: nodeOf(json['node']) });
}

/** An error_detail is a NACK even when it has no text (xDS protocol: never compare versions). */
function refusalOf(value: unknown): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const message = textOf(value['message']);
  return message === '' ? 'refused without a reason' : message;
}

function nodeOf(value: unknown): XdsNode | undefined {
  if (!isJsonObject(value)) return undefined;
  return {
    id: textOf(value['id']),
    cluster: textOf(value['cluster']),
    metadata: objectOf(value['metadata']),
    agent: agentOf(value),
  };
}

function agentOf(node: JsonObject): string {
  const name = textOf(node['userAgentName']);
  const build = objectOf(objectOf(node['userAgentBuildVersion'])['version']);
  const parts = ['majorNumber', 'minorNumber', 'patch'].map((key) => build[key] ?? 0);
  const version = textOf(node['userAgentVersion']) || parts.join('.');
  return version === '0.0.0' ? name : `${name} ${version}`.trim();
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
