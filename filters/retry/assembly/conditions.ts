import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';

/** What a request may be tried again for, as bits; the names are Envoy's `retry_on`. */
export const ON_5XX: u32 = 1;
export const ON_GATEWAY_ERROR: u32 = 1 << 1;
export const ON_RESET: u32 = 1 << 2;
export const ON_RESET_BEFORE_REQUEST: u32 = 1 << 3;
export const ON_CONNECT_FAILURE: u32 = 1 << 4;
export const ON_ENVOY_RATELIMITED: u32 = 1 << 5;
export const ON_RETRIABLE_4XX: u32 = 1 << 6;
export const ON_REFUSED_STREAM: u32 = 1 << 7;
export const ON_STATUS_CODES: u32 = 1 << 8;
export const ON_HEADERS: u32 = 1 << 9;
export const ON_CANCELLED: u32 = 1 << 10;
export const ON_DEADLINE_EXCEEDED: u32 = 1 << 11;
export const ON_INTERNAL: u32 = 1 << 12;
export const ON_RESOURCE_EXHAUSTED: u32 = 1 << 13;
export const ON_UNAVAILABLE: u32 = 1 << 14;
/** Any of the conditions over `grpc-status`. */
export const ON_GRPC: u32 =
  ON_CANCELLED | ON_DEADLINE_EXCEEDED | ON_INTERNAL | ON_RESOURCE_EXHAUSTED | ON_UNAVAILABLE;

const COMMA: u8 = 0x2c;

/** In the order of the bits. */
const NAMES: StaticArray<Bytes> = [
  Bytes.of('5xx'),
  Bytes.of('gateway-error'),
  Bytes.of('reset'),
  Bytes.of('reset-before-request'),
  Bytes.of('connect-failure'),
  Bytes.of('envoy-ratelimited'),
  Bytes.of('retriable-4xx'),
  Bytes.of('refused-stream'),
  Bytes.of('retriable-status-codes'),
  Bytes.of('retriable-headers'),
  Bytes.of('cancelled'),
  Bytes.of('deadline-exceeded'),
  Bytes.of('internal'),
  Bytes.of('resource-exhausted'),
  Bytes.of('unavailable'),
];

/** What `parseConditions` did not know, or null. */
export let unknownCondition: string | null = null;

const name = new Bytes();

/** The bits of a comma-separated list; unknown names are left out. */
export function parseConditions(list: Bytes): u32 {
  let bits: u32 = 0;
  unknownCondition = null;
  let start = 0;
  while (start < list.size) {
    const comma = list.indexOf(COMMA, start);
    const end = comma < 0 ? list.size : comma;
    name.point(list.pointer + start, end - start).trim();
    const bit = bitOf(name);
    bits |= bit;
    if (bit === 0 && name.size > 0) unknownCondition = name.toString();
    start = end + 1;
  }
  return bits;
}

function bitOf(name: Bytes): u32 {
  for (let i = 0; i < NAMES.length; i++) {
    if (unchecked(NAMES[i]).equals(name)) return 1 << (<u32>i);
  }
  return 0;
}
