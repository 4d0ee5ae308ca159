import {
  create,
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  type Registry,
  ScalarType,
} from '@bufbuild/protobuf';
import {
  type ReflectList,
  type ReflectMap,
  type ReflectMessage,
  reflect,
} from '@bufbuild/protobuf/reflect';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { type AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import type { Json, JsonObject } from '../base/json.ts';
import { isJsonObject } from '../base/json.ts';
import { suggest } from '../base/suggest.ts';
import { FAULTS_MAX, type Fault, type FaultCode, type FieldPath } from './fault.ts';
import { typeName } from './type-urls.ts';

/**
 * Reads proto3 JSON (camelCase or the .proto files' own names) into a message, with the path of
 * every fault, where the library's own reader stops at the first one and names no path. An Any of
 * a type we don't know is read as `{"@type": ..., "value": base64}`.
 */
export function messageFromJson(
  desc: DescMessage,
  json: Json,
  registry: Registry,
): { readonly message: Message; readonly faults: readonly Fault[] } {
  const reader = new MessageReader(registry);
  const message = reader.read(desc, json, []);
  return { message, faults: reader.faults };
}

/** Types whose JSON is not an object of their fields. */
function hasOwnJson(desc: DescMessage): boolean {
  return desc.file.name.startsWith('google/protobuf/') && desc.typeName !== 'google.protobuf.Empty';
}

/**
 * `{seconds: 300}` for a duration, `{value: 5}` for a wrapper: no canonical JSON, but the C++ reader
 * takes it and configurations written for Envoy use it.
 */
function isByFields(desc: DescMessage, json: Json): boolean {
  const isStructure = ['Struct', 'Value', 'ListValue'].includes(desc.name);
  return isJsonObject(json) && !isStructure;
}

class MessageReader {
  readonly faults: Fault[] = [];
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  read(desc: DescMessage, json: Json, path: FieldPath): Message {
    if (desc.typeName === 'google.protobuf.Any') return this.#any(desc, json, path);
    if (hasOwnJson(desc) && !isByFields(desc, json)) return this.#wellKnown(desc, json, path);
    const message = create(desc);
    if (!isJsonObject(json)) {
      this.#fault(path, 'LAT0606', `expected an object (${desc.typeName}), found ${kindOf(json)}`);
      return message;
    }
    const target = reflect(desc, message, false);
    const oneofs = new Set<string>();
    for (const [key, value] of Object.entries(json)) {
      const field = fieldNamed(desc, key);
      if (field === undefined) this.#unknownField(desc, key, path);
      else if (value === undefined || value === null) continue;
      else if (field.oneof !== undefined && oneofs.has(field.oneof.name)) {
        const others = field.oneof.fields.map((other) => other.name).join(', ');
        this.#fault([...path, key], 'LAT0606', `only one of ${others} may be set`);
      } else {
        if (field.oneof !== undefined) oneofs.add(field.oneof.name);
        this.#field(target, field, value, [...path, key]);
      }
    }
    return message;
  }

  #field(target: ReflectMessage, field: DescField, json: Json, path: FieldPath): void {
    if (field.fieldKind === 'list') {
      if (Array.isArray(json)) this.#list(target.get(field), field, json, path);
      else this.#mistyped(path, 'a list', json);
      return;
    }
    if (field.fieldKind === 'map') {
      if (isJsonObject(json)) this.#map(target.get(field), field, json, path);
      else this.#mistyped(path, 'a map', json);
      return;
    }
    const value = this.#value(field, json, path);
    if (value !== undefined) target.set(field, value as never);
  }

  #list(list: ReflectList, field: DescField, items: readonly Json[], path: FieldPath): void {
    for (const [index, item] of items.entries()) {
      const value = this.#value(field, item, [...path, index]);
      if (value !== undefined) list.add(value as never);
    }
  }

  #map(
    map: ReflectMap,
    field: DescField & { readonly fieldKind: 'map' },
    json: JsonObject,
    path: FieldPath,
  ): void {
    for (const [key, item] of Object.entries(json)) {
      const mapKey = this.#scalar(field.mapKey, key, [...path, key]);
      const value = this.#value(field, item ?? null, [...path, key]);
      if (mapKey !== undefined && value !== undefined) map.set(mapKey as never, value as never);
    }
  }

  #value(field: DescField, json: Json, path: FieldPath): unknown {
    if (field.message !== undefined) {
      return reflect(field.message, this.read(field.message, json, path), false);
    }
    if (field.enum !== undefined) return this.#enum(field.enum, json, path);
    return this.#scalar(field.scalar!, json, path);
  }

  #enum(desc: DescEnum, json: Json, path: FieldPath): number | undefined {
    if (typeof json === 'number' && Number.isInteger(json)) return json;
    if (typeof json === 'string') {
      const value = desc.values.find((candidate) => candidate.name === json);
      if (value !== undefined) return value.number;
      const names = desc.values.map((candidate) => candidate.name);
      const near = suggest(json, names);
      const fix = near === undefined ? `one of ${names.join(', ')}` : `did you mean ${near}?`;
      this.#fault(path, 'LAT0606', `${json} is no ${desc.name}`, fix);
      return undefined;
    }
    this.#mistyped(path, `a ${desc.name}`, json);
    return undefined;
  }

  #scalar(type: ScalarType, json: Json, path: FieldPath): unknown {
    const value = scalarFromJson(type, json);
    if (value === undefined) this.#mistyped(path, SCALAR_NAMES.get(type) ?? 'an integer', json);
    return value;
  }

  #wellKnown(desc: DescMessage, json: Json, path: FieldPath): Message {
    try {
      return fromJson(desc, json as JsonValue);
    } catch {
      this.#mistyped(path, WELL_KNOWN_NAMES.get(desc.name) ?? desc.typeName, json);
      return create(desc);
    }
  }

  #any(desc: DescMessage, json: Json, path: FieldPath): Message {
    const packed = create(desc as typeof AnySchema);
    if (!isJsonObject(json)) {
      this.#mistyped(path, 'an object with "@type"', json);
      return packed;
    }
    const { '@type': url, ...rest } = json;
    if (typeof url !== 'string' || !url.includes('/')) {
      if (Object.keys(json).length > 0) this.#fault(path, 'LAT0606', '"@type" is missing');
      return packed;
    }
    const inner = this.#registry.getMessage(typeName(url));
    if (inner === undefined) return this.#unknownAny(packed, url, rest, path);
    const body = hasOwnJson(inner) ? (rest['value'] ?? null) : rest;
    anyPack(inner, this.read(inner, body, path), packed);
    packed.typeUrl = url;
    return packed;
  }

  #unknownAny(
    packed: Message & { typeUrl: string; value: Uint8Array },
    url: string,
    rest: JsonObject,
    path: FieldPath,
  ): Message {
    const value = rest['value'];
    const bytes = typeof value === 'string' ? decodeBase64(value) : undefined;
    if (bytes === undefined || Object.keys(rest).length !== 1) {
      this.#fault([...path, '@type'], 'LAT0604', `unknown type ${typeName(url)}`);
      return packed;
    }
    packed.typeUrl = url;
    packed.value = bytes;
    return packed;
  }

  #unknownField(desc: DescMessage, key: string, path: FieldPath): void {
    if (this.faults.length >= FAULTS_MAX) return;
    const spelling = key.includes('_') || !/[A-Z]/.test(key) ? protoNames(desc) : jsonNames(desc);
    const near = suggest(key, spelling);
    this.faults.push({
      path: [...path, key],
      code: 'LAT0606',
      message: `${desc.name} has no field ${key}`,
      onKey: true,
      ...(near === undefined ? {} : { fix: `did you mean ${near}?` }),
    });
  }

  #mistyped(path: FieldPath, expected: string, json: Json): void {
    this.#fault(path, 'LAT0606', `expected ${expected}, found ${kindOf(json)}`);
  }

  #fault(path: FieldPath, code: FaultCode, message: string, fix?: string): void {
    if (this.faults.length >= FAULTS_MAX) return;
    this.faults.push({ path, code, message, ...(fix === undefined ? {} : { fix }) });
  }
}

function protoNames(desc: DescMessage): readonly string[] {
  return desc.fields.map((field) => field.name);
}

function jsonNames(desc: DescMessage): readonly string[] {
  return desc.fields.map((field) => field.jsonName);
}

const fieldIndex = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** The field by its JSON name or its name in the .proto file. */
export function fieldNamed(desc: DescMessage, key: string): DescField | undefined {
  let index = fieldIndex.get(desc);
  if (index === undefined) {
    const entries = desc.fields.flatMap((field): [string, DescField][] => [
      [field.name, field],
      [field.jsonName, field],
    ]);
    index = new Map(entries);
    fieldIndex.set(desc, index);
  }
  return index.get(key);
}

const SCALAR_NAMES = new Map<ScalarType, string>([
  [ScalarType.STRING, 'a string'],
  [ScalarType.BYTES, 'base64'],
  [ScalarType.BOOL, 'true or false'],
  [ScalarType.DOUBLE, 'a number'],
  [ScalarType.FLOAT, 'a number'],
]);

const WELL_KNOWN_NAMES = new Map([
  ['Duration', 'a duration such as "1.5s"'],
  ['Timestamp', 'a time such as "2026-01-31T12:00:00Z"'],
  ['BoolValue', 'true or false'],
  ['StringValue', 'a string'],
  ['BytesValue', 'base64'],
  ['DoubleValue', 'a number'],
  ['FloatValue', 'a number'],
  ['Int32Value', 'an integer'],
  ['UInt32Value', 'an integer from 0 to 4294967295'],
  ['Int64Value', 'an integer'],
  ['UInt64Value', 'an integer, not negative'],
  ['Struct', 'an object'],
  ['ListValue', 'a list'],
]);

const UNSIGNED_32 = new Set([ScalarType.UINT32, ScalarType.FIXED32]);
const SIGNED_32 = new Set([ScalarType.INT32, ScalarType.SINT32, ScalarType.SFIXED32]);
const UNSIGNED_64 = new Set([ScalarType.UINT64, ScalarType.FIXED64]);

function scalarFromJson(type: ScalarType, json: Json): unknown {
  switch (type) {
    case ScalarType.STRING:
      return typeof json === 'string' ? json : undefined;
    case ScalarType.BYTES:
      return typeof json === 'string' ? decodeBase64(json) : undefined;
    case ScalarType.BOOL:
      return typeof json === 'boolean' ? json : undefined;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return floatFromJson(json);
    default:
      return integerFromJson(type, json);
  }
}

function floatFromJson(json: Json): number | undefined {
  if (typeof json === 'number') return json;
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return Number(json);
  if (typeof json !== 'string' || json.trim() !== json || json === '') return undefined;
  const value = Number(json);
  return Number.isFinite(value) ? value : undefined;
}

function integerFromJson(type: ScalarType, json: Json): number | bigint | undefined {
  let value: bigint;
  if (typeof json === 'number' && Number.isSafeInteger(json)) value = BigInt(json);
  else if (typeof json === 'string' && /^-?\d{1,20}$/.test(json)) value = BigInt(json);
  else return undefined;
  if (UNSIGNED_32.has(type)) return BigInt.asUintN(32, value) === value ? Number(value) : undefined;
  if (SIGNED_32.has(type)) return BigInt.asIntN(32, value) === value ? Number(value) : undefined;
  if (UNSIGNED_64.has(type)) return BigInt.asUintN(64, value) === value ? value : undefined;
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return base64Decode(text);
  } catch {
    return undefined;
  }
}

function kindOf(json: Json): string {
  if (json === null) return 'nothing';
  if (Array.isArray(json)) return 'a list';
  if (typeof json === 'object') return 'an object';
  const text = JSON.stringify(json);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
