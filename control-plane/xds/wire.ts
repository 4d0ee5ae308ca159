/**
 * The two discovery responses, written by hand from ready pieces: a resource is encoded once, and
 * a response to any proxy is those same bytes behind one another. Field numbers are those of
 * envoy/service/discovery/v3/discovery.proto and google/protobuf/any.proto.
 */
const ANY_TYPE_URL = 1;
const ANY_VALUE = 2;

const RESOURCE_VERSION = 1;
const RESOURCE_BODY = 2;
const RESOURCE_NAME = 3;

const DELTA_SYSTEM_VERSION = 1;
const DELTA_RESOURCES = 2;
const DELTA_TYPE_URL = 4;
const DELTA_NONCE = 5;
const DELTA_REMOVED = 6;

const SOTW_VERSION = 1;
const SOTW_RESOURCES = 2;
const SOTW_TYPE_URL = 4;
const SOTW_NONCE = 5;

export function encodeAny(typeUrl: string, value: Uint8Array): Buffer {
  return Buffer.concat([text(ANY_TYPE_URL, typeUrl), field(ANY_VALUE, value)]);
}

/** One `resources` field of a DeltaDiscoveryResponse, tag included. */
export function encodeDeltaResource(name: string, version: string, any: Uint8Array): Buffer {
  const body = [
    text(RESOURCE_VERSION, version),
    field(RESOURCE_BODY, any),
    text(RESOURCE_NAME, name),
  ];
  return field(DELTA_RESOURCES, Buffer.concat(body));
}

/** One `resources` field of a DiscoveryResponse, tag included. */
export function encodeSotwResource(any: Uint8Array): Buffer {
  return field(SOTW_RESOURCES, any);
}

export interface DeltaResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly systemVersion: string;
  readonly resources: readonly Uint8Array[];
  readonly removed: readonly string[];
}

export function encodeDeltaResponse(response: DeltaResponse): Buffer {
  return Buffer.concat([
    text(DELTA_SYSTEM_VERSION, response.systemVersion),
    ...response.resources,
    text(DELTA_TYPE_URL, response.typeUrl),
    text(DELTA_NONCE, response.nonce),
    ...response.removed.map((name) => text(DELTA_REMOVED, name)),
  ]);
}

export interface SotwResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly Uint8Array[];
}

export function encodeSotwResponse(response: SotwResponse): Buffer {
  return Buffer.concat([
    text(SOTW_VERSION, response.version),
    ...response.resources,
    text(SOTW_TYPE_URL, response.typeUrl),
    text(SOTW_NONCE, response.nonce),
  ]);
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

/** A length-delimited field (wire type 2). */
function field(number: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(value.length), value]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
