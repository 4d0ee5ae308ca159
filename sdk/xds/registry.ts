import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message,
  type Registry,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { isJsonObject, type Json, type JsonObject } from '../base/json.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type Fault, mergeFaults } from './fault.ts';
import { type Inspection, inspectMessage } from './inspect.ts';
import { messageFromJson } from './message-json.ts';
import { redactJson } from './redact.ts';
import { RuleBook } from './rules.ts';
import { typeName, typeUrl } from './type-urls.ts';
import { UnknownTypes } from './unknown-types.ts';

/** A message as google.protobuf.Any carries it. */
export interface PackedMessage {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** A message read from JSON, or everything that is wrong with it. */
export interface Normalized {
  /** Canonical JSON with `@type`; null where `faults` has any. */
  readonly json: JsonObject | null;
  /** Paths are spelt as in the JSON that was given. */
  readonly faults: readonly Fault[];
}

/**
 * Envoy's API at run time: protobuf at the border, canonical proto3 JSON inside. Reading and
 * writing both check the API's own rules (`validate.rules`), through every Any. Nothing throws for
 * bad input.
 */
export class XdsRegistry {
  readonly types: FileRegistry;
  readonly #book: RuleBook;

  constructor(descriptorSet: Uint8Array) {
    this.types = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
    this.#book = new RuleBook(this.types);
  }

  has(url: string): boolean {
    return this.types.getMessage(typeName(url)) !== undefined;
  }

  /**
   * Bytes of a message to canonical JSON with `@type`. An Any of a type that the registry does not
   * know becomes `{"@type": ..., "value": base64}`. The problem names `resource`, else the type.
   */
  decode(url: string, bytes: Uint8Array, resource = typeName(url)): Result<JsonObject> {
    const desc = this.types.getMessage(typeName(url));
    if (desc === undefined) return this.#unknown(url, resource);
    let message: Message;
    try {
      message = fromBinary(desc, bytes);
    } catch {
      const text = `the bytes are no ${desc.typeName}`;
      return fail(mergeFaults([{ path: [], code: 'LAT0603', message: text }], resource));
    }
    return this.#toJson(desc, message, resource);
  }

  /** JSON with `@type`, in any form that proto3 JSON allows, to bytes. */
  encode(json: JsonObject, resource?: string): Result<PackedMessage> {
    const { desc, message, faults } = this.#read(json);
    if (desc === undefined || faults.length > 0) {
      return fail(mergeFaults(faults, resource ?? String(json['@type'] ?? '')));
    }
    const { faults: broken } = this.#inspect(desc, message!, false);
    if (broken.length > 0) return fail(mergeFaults(broken, resource ?? desc.typeName));
    return ok({ typeUrl: typeUrl(desc.typeName), value: toBinary(desc, message!) });
  }

  /** Reads JSON with `@type` as a user wrote it (snake_case too) and makes it canonical. */
  normalize(json: JsonObject): Normalized {
    const { desc, message, faults } = this.#read(json);
    if (desc === undefined || faults.length > 0) return { json: null, faults };
    const inspection = this.#inspect(desc, message!, true);
    if (inspection.faults.length > 0) return { json: null, faults: inspection.faults };
    return { json: this.#print(desc, message!, inspection.unknownTypes), faults: [] };
  }

  /**
   * The message with the names of the .proto files (`virtual_hosts`), as Envoy's admin prints it.
   * What cannot be read comes back as it is.
   */
  withProtoNames(json: JsonObject): JsonObject {
    const { desc, message, faults } = this.#read(json);
    if (desc === undefined || faults.length > 0) return json;
    const { unknownTypes } = this.#inspect(desc, message!, true);
    return this.#print(desc, message!, unknownTypes, true);
  }

  /** A copy whose fields marked `sensitive` in the API read `[redacted]`; for dumps and logs. */
  redact(json: JsonObject): JsonObject {
    return redactJson(json, this.types);
  }

  #inspect(desc: DescMessage, message: Message, wrap: boolean): Inspection {
    return inspectMessage(desc, message, { book: this.#book, registry: this.types, wrap });
  }

  #toJson(desc: DescMessage, message: Message, resource: string): Result<JsonObject> {
    const { faults, unknownTypes } = this.#inspect(desc, message, true);
    if (faults.length > 0) return fail(mergeFaults(faults, resource));
    try {
      return ok(this.#print(desc, message, unknownTypes));
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : 'has no JSON form';
      return fail(mergeFaults([{ path: [], code: 'LAT0603', message: text }], resource));
    }
  }

  #print(
    desc: DescMessage,
    message: Message,
    unknown: ReadonlySet<string>,
    useProtoFieldName = false,
  ): JsonObject {
    const registry = unknown.size === 0 ? this.types : new UnknownTypes(this.types, unknown);
    const json = toJson(desc, message, { registry, useProtoFieldName }) as Json;
    const type = { '@type': typeUrl(desc.typeName) };
    return isJsonObject(json) ? { ...type, ...json } : { ...type, value: json };
  }

  #read(json: JsonObject): {
    readonly desc?: DescMessage;
    readonly message?: Message;
    readonly faults: readonly Fault[];
  } {
    const { '@type': url, ...body } = json;
    if (typeof url !== 'string') {
      return { faults: [{ path: ['@type'], code: 'LAT0604', message: '"@type" is missing' }] };
    }
    const desc = this.types.getMessage(typeName(url));
    if (desc === undefined) {
      const message = `unknown type ${typeName(url)}`;
      return { faults: [{ path: ['@type'], code: 'LAT0604', message }] };
    }
    const message = readQuickly(desc, body, this.types);
    return message === undefined
      ? { desc, ...messageFromJson(desc, body, this.types) }
      : { desc, message, faults: [] };
  }

  #unknown(url: string, resource: string): Result<never> {
    const message = `unknown type ${typeName(url)}`;
    return fail(mergeFaults([{ path: [], code: 'LAT0604', message }], resource));
  }
}

/** The library's reader is twice as fast as ours, but stops at the first fault and tells no path. */
function readQuickly(desc: DescMessage, json: JsonObject, registry: Registry): Message | undefined {
  try {
    return fromJson(desc, json as JsonValue, { registry });
  } catch {
    return undefined;
  }
}

/** The registry of the descriptor set that `sdk/xds/build.ts` made. */
export function openRegistry(): XdsRegistry {
  // Found through the package, so that sources and emitted files find the same one.
  const root = dirname(createRequire(import.meta.url).resolve('@lateen/sdk/package.json'));
  return new XdsRegistry(gunzipSync(readFileSync(join(root, 'dist/envoy-v3.binpb.gz'))));
}
