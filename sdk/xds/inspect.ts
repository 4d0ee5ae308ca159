import {
  type DescField,
  type DescMessage,
  fromBinary,
  type Message,
  type Registry,
  toBinary,
} from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { JsonObject } from '../base/json.ts';
import { FAULTS_MAX, type Fault, type FaultCode, type FieldPath } from './fault.ts';
import { messageFromJson } from './message-json.ts';
import type { FieldRules, RuleBook } from './rules.ts';
import { TYPED_STRUCT, typeName, typeUrl, UDPA_TYPED_STRUCT } from './type-urls.ts';
import { wrapUnknown } from './unknown-types.ts';

/** Anys inside Anys (and messages inside messages) deeper than this are refused. */
const DEPTH_MAX = 96;

/** What an inspection found beside faults. */
export interface Inspection {
  readonly faults: readonly Fault[];
  /** Type names in Anys that the registry does not know. */
  readonly unknownTypes: ReadonlySet<string>;
}

export interface InspectOptions {
  readonly book: RuleBook;
  readonly registry: Registry;
  /** Make Anys of unknown types printable (`UnknownTypes`); the message is spoilt for encoding. */
  readonly wrap: boolean;
}

/**
 * Walks a message that was just decoded, through every Any: checks the API's rules, notes unknown
 * types, and replaces a TypedStruct that stands for a type we know by that type, as Envoy does when
 * it makes a filter from one. Changes the message in place.
 */
export function inspectMessage(
  desc: DescMessage,
  message: Message,
  { book, registry, wrap }: InspectOptions,
): Inspection {
  const inspector = new Inspector(book, registry, wrap);
  inspector.visit(desc, message, []);
  return inspector;
}

class Inspector implements Inspection {
  readonly faults: Fault[] = [];
  readonly unknownTypes = new Set<string>();
  readonly #book: RuleBook;
  readonly #registry: Registry;
  readonly #wrap: boolean;
  #depth = 0;

  constructor(book: RuleBook, registry: Registry, wrap: boolean) {
    this.#book = book;
    this.#registry = registry;
    this.#wrap = wrap;
  }

  /** Returns whether something inside was replaced, so that an Any around it must be repacked. */
  visit(desc: DescMessage, message: Message, path: FieldPath): boolean {
    if (desc.typeName === 'google.protobuf.Any') return this.#visitAny(message as Any, path);
    if (desc.file.name.startsWith('google/protobuf/')) return false;
    if (this.#depth >= DEPTH_MAX) {
      this.#fault(path, 'LAT0605', 'messages are nested too deeply');
      return false;
    }
    this.#depth++;
    const rules = this.#book.of(desc);
    for (const oneof of rules.requiredOneofs) {
      if (readOneof(message, oneof.localName).case !== undefined) continue;
      const names = oneof.fields.map((field) => field.name).join(', ');
      this.#fault([...path, oneof.name], 'LAT0605', `value is required: one of ${names}`);
    }
    let changed = false;
    for (const field of rules.fields) changed = this.#visitField(field, message, path) || changed;
    this.#depth--;
    return changed;
  }

  #visitField(rules: FieldRules, message: Message, path: FieldPath): boolean {
    const { field } = rules;
    const value = readField(message, field);
    if (value === undefined) {
      // A member of a oneof is only required where it is the one that is set.
      if (rules.required && field.oneof === undefined)
        this.#fault([...path, field.name], 'LAT0605', 'value is required');
      return false;
    }
    this.#check(rules.check, value, path, field.name);
    if (field.fieldKind === 'list') return this.#visitList(rules, value as unknown[], path);
    if (field.fieldKind === 'map') {
      return this.#visitMap(rules, value as Record<string, unknown>, path);
    }
    if (rules.skip) return false;
    return this.#descend(field, value, path, field.name);
  }

  #visitList(rules: FieldRules, list: readonly unknown[], path: FieldPath): boolean {
    const { field, item } = rules;
    if (item === undefined && field.message === undefined) return false;
    let changed = false;
    for (let index = 0; index < list.length; index++) {
      const value = list[index];
      this.#check(item, value, path, field.name, index);
      if (field.message !== undefined) {
        changed = this.#descend(field, value, path, field.name, index) || changed;
      }
    }
    return changed;
  }

  #visitMap(rules: FieldRules, map: Readonly<Record<string, unknown>>, path: FieldPath): boolean {
    const { field, item, key: keyCheck } = rules;
    if (item === undefined && keyCheck === undefined && field.message === undefined) return false;
    let changed = false;
    for (const [key, value] of Object.entries(map)) {
      this.#check(keyCheck, key, path, field.name, key);
      this.#check(item, value, path, field.name, key);
      if (field.message !== undefined) {
        changed = this.#descend(field, value, path, field.name, key) || changed;
      }
    }
    return changed;
  }

  #descend(field: DescField, value: unknown, path: FieldPath, ...steps: FieldPath): boolean {
    const desc = field.message;
    // Wrappers and Structs stand unboxed in the message.
    if (desc === undefined || typeof value !== 'object' || !('$typeName' in value!)) return false;
    const opaque = OPAQUE.has(field.parent.typeName) && field.name === 'configuration';
    if (opaque) return this.#visitAny(value as Any, [...path, ...steps], true);
    return this.visit(desc, value as Message, [...path, ...steps]);
  }

  #visitAny(any: Any, path: FieldPath, opaque = false): boolean {
    if (any.typeUrl === '') return false;
    let changed = false;
    if (!opaque && (any.typeUrl === TYPED_STRUCT || any.typeUrl === UDPA_TYPED_STRUCT)) {
      changed = this.#unwrapTypedStruct(any, path);
    }
    const desc = this.#registry.getMessage(typeName(any.typeUrl));
    if (desc === undefined) {
      this.unknownTypes.add(typeName(any.typeUrl));
      if (this.#wrap) any.value = wrapUnknown(any.value);
      return changed || this.#wrap;
    }
    const inner = this.#unpack(desc, any, path);
    if (inner === undefined) return changed;
    if (!this.visit(desc, inner, path)) return changed;
    any.value = toBinary(desc, inner);
    return true;
  }

  #unpack(desc: DescMessage, any: Any, path: FieldPath): Message | undefined {
    try {
      return fromBinary(desc, any.value);
    } catch {
      this.#fault(path, 'LAT0603', `the bytes are no ${desc.typeName}`);
      return undefined;
    }
  }

  #unwrapTypedStruct(any: Any, path: FieldPath): boolean {
    const wrapper = this.#registry.getMessage(typeName(any.typeUrl));
    const struct = wrapper && this.#unpack(wrapper, any, path);
    if (struct === undefined) return false;
    const { typeUrl: url, value } = struct as unknown as { typeUrl: string; value?: JsonObject };
    const desc = this.#registry.getMessage(typeName(url));
    if (desc === undefined) return false;
    const { message, faults } = messageFromJson(desc, value ?? {}, this.#registry);
    for (const fault of faults) {
      this.#fault([...path, 'value', ...fault.path], fault.code, fault.message, fault.fix);
    }
    if (faults.length > 0) return false;
    any.typeUrl = typeUrl(desc.typeName);
    any.value = toBinary(desc, message);
    return true;
  }

  #check(
    check: ((value: unknown) => string | undefined) | undefined,
    value: unknown,
    path: FieldPath,
    ...steps: FieldPath
  ): void {
    const message = check?.(value);
    if (message !== undefined) this.#fault([...path, ...steps], 'LAT0605', message);
  }

  #fault(path: FieldPath, code: FaultCode, message: string, fix?: string): void {
    if (this.faults.length >= FAULTS_MAX) return;
    this.faults.push({ path, code, message, ...(fix === undefined ? {} : { fix }) });
  }
}

/** Messages whose `configuration` belongs to a Wasm module: it is handed over as it is. */
const OPAQUE = new Set([
  'envoy.extensions.wasm.v3.PluginConfig',
  'envoy.extensions.wasm.v3.VmConfig',
]);

interface OneofValue {
  readonly case: string | undefined;
  readonly value?: unknown;
}

function readOneof(message: Message, localName: string): OneofValue {
  return (message as unknown as Record<string, OneofValue>)[localName]!;
}

/** The field's value; undefined where a field with presence is not set. */
function readField(message: Message, field: DescField): unknown {
  if (field.oneof !== undefined) {
    const oneof = readOneof(message, field.oneof.localName);
    return oneof.case === field.localName ? oneof.value : undefined;
  }
  return (message as unknown as Record<string, unknown>)[field.localName];
}
