import type { Json, JsonObject } from '@lateen/sdk/base/json';

/** `1.5s`: google.protobuf.Duration in proto3 JSON. */
export function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(9))}s`;
}

/** A message in an Any: its fields after its type. */
export function typed(typeUrl: string, fields: JsonObject = {}): JsonObject {
  return { '@type': typeUrl, ...fields };
}

/** Fields that are not `undefined`, so that what is not set does not appear. */
export function compact(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The field only where the list has anything in it. */
export function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

export function socketAddress(address: string, portValue: number): JsonObject {
  return { socketAddress: { address, portValue } };
}

/** Resources come over the one stream that all others come over. */
export const FROM_ADS: JsonObject = {
  ads: {},
  initialFetchTimeout: '0s',
  resourceApiVersion: 'V3',
};
