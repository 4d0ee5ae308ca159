import type { Json, JsonObject } from '@lateen/sdk/base/json';
import type { HeaderChanges } from '../api/virtual-service.ts';
import { unlessEmpty } from './json.ts';

/** Fields of a Route or of a weighted cluster. */
export interface HeaderFields {
  readonly requestHeadersToAdd: readonly Json[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly Json[];
  readonly responseHeadersToRemove: readonly string[];
  /** `set: {host: ...}` is a rewrite of the authority. */
  readonly authority: string | undefined;
}

/** What `headers` asks for; several (a route's and its only destination's) add up in order. */
export function headerFields(changes: readonly (HeaderChanges | undefined)[]): HeaderFields {
  const request = changes.map((item) => item?.request);
  const response = changes.map((item) => item?.response);
  const authority = request
    .flatMap((item) => Object.entries(item?.set ?? {}))
    .find(([name]) => isAuthority(name))?.[1];
  return {
    requestHeadersToAdd: request.flatMap(additions),
    requestHeadersToRemove: request.flatMap((item) => item?.remove ?? []),
    responseHeadersToAdd: response.flatMap(additions),
    responseHeadersToRemove: response.flatMap((item) => item?.remove ?? []),
    authority,
  };
}

/** As fields of a message; empty lists stay out. */
export function headerJson(fields: HeaderFields): JsonObject {
  const result: Record<string, Json | undefined> = {};
  const { authority: _, ...lists } = fields;
  for (const [name, list] of Object.entries(lists)) {
    const value = unlessEmpty<Json>(list);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

type Changes = NonNullable<HeaderChanges['request']>;

function additions(changes: Changes | undefined): readonly Json[] {
  const entry = (appendAction: string) => {
    return ([key, value]: [string, string]): JsonObject => ({
      header: { key, value },
      appendAction,
    });
  };
  const set = Object.entries(changes?.set ?? {}).filter(([name]) => !isAuthority(name));
  return [
    ...set.map(entry('OVERWRITE_IF_EXISTS_OR_ADD')),
    ...Object.entries(changes?.add ?? {}).map(entry('APPEND_IF_EXISTS_OR_ADD')),
  ];
}

function isAuthority(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === 'host' || lower === ':authority';
}
