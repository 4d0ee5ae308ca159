import {
  type DescField,
  type DescMessage,
  getOption,
  hasOption,
  type Registry,
  ScalarType,
} from '@bufbuild/protobuf';
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import { fieldNamed } from './message-json.ts';
import { typeName } from './type-urls.ts';

const REDACTED = '[redacted]';
const REDACTED_BASE64 = btoa(REDACTED);

/**
 * A copy of a message's JSON (with `@type`) in which everything inside a field that the API marks
 * `udpa.annotations.sensitive` reads `[redacted]`; numbers and booleans there are left out.
 */
export function redactJson(json: JsonObject, registry: Registry): JsonObject {
  const url = json['@type'];
  const desc = typeof url === 'string' ? registry.getMessage(typeName(url)) : undefined;
  return desc === undefined ? json : redactObject(desc, json, registry, false);
}

function redactObject(
  desc: DescMessage,
  json: JsonObject,
  registry: Registry,
  sensitive: boolean,
): JsonObject {
  const url = json['@type'];
  const actual = typeof url === 'string' ? (registry.getMessage(typeName(url)) ?? desc) : desc;
  const copy: Record<string, Json | undefined> = {};
  for (const [key, value] of Object.entries(json)) {
    const field = fieldNamed(actual, key);
    if (key === '@type' || value === undefined) copy[key] = value;
    else if (field === undefined) copy[key] = sensitive ? REDACTED : value;
    else copy[key] = redactField(field, value, registry, sensitive || isSensitive(field, registry));
  }
  return copy;
}

function redactField(
  field: DescField,
  value: Json,
  registry: Registry,
  sensitive: boolean,
): Json | undefined {
  const each = (item: Json): Json | undefined => {
    if (field.message !== undefined && isJsonObject(item)) {
      return redactObject(field.message, item, registry, sensitive);
    }
    if (!sensitive) return item;
    if (typeof item !== 'string') return undefined;
    return field.scalar === ScalarType.BYTES ? REDACTED_BASE64 : REDACTED;
  };
  if (field.fieldKind === 'list' && Array.isArray(value)) {
    return value.map((item: Json) => each(item) ?? null).filter((item) => item !== null);
  }
  if (field.fieldKind === 'map' && isJsonObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, each(item ?? null)]),
    );
  }
  return each(value);
}

function isSensitive(field: DescField, registry: Registry): boolean {
  const option = registry.getExtension('udpa.annotations.sensitive');
  return option !== undefined && hasOption(field, option) && getOption(field, option) === true;
}
