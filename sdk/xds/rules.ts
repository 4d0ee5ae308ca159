import {
  type DescExtension,
  type DescField,
  type DescMessage,
  type DescOneof,
  getOption,
  hasOption,
  type Message,
  type Registry,
  toJson,
} from '@bufbuild/protobuf';
import { isJsonObject, type JsonObject } from '../base/json.ts';
import { parseDurationMs } from '../base/json-reader.ts';
import {
  allOf,
  compileRange,
  compileScalarRules,
  ruleGroup,
  type ValueCheck,
} from './scalar-rules.ts';

/** The rules of one message, ready to run. */
export interface MessageRules {
  readonly fields: readonly FieldRules[];
  readonly requiredOneofs: readonly DescOneof[];
}

export interface FieldRules {
  readonly field: DescField;
  /** The field must be there. */
  readonly required: boolean;
  /** Don't look into the message. */
  readonly skip: boolean;
  /** Of the value as a whole (of the list or map, too). */
  readonly check: ValueCheck | undefined;
  /** Of each element of a list, or each value of a map. */
  readonly item: ValueCheck | undefined;
  readonly key: ValueCheck | undefined;
}

const NO_RULES: MessageRules = { fields: [], requiredOneofs: [] };

/**
 * Compiles the `validate.rules` annotations of the API's messages, once for each message. The
 * same rules give Envoy its NACKs.
 */
export class RuleBook {
  readonly #compiled = new Map<DescMessage, MessageRules>();
  readonly #registry: Registry;
  readonly #rules: DescExtension | undefined;
  readonly #required: DescExtension | undefined;
  readonly #off: readonly (DescExtension | undefined)[];

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#rules = registry.getExtension('validate.rules');
    this.#required = registry.getExtension('validate.required');
    this.#off = ['validate.disabled', 'validate.ignored'].map((name) =>
      registry.getExtension(name),
    );
  }

  of(desc: DescMessage): MessageRules {
    let rules = this.#compiled.get(desc);
    if (rules === undefined) {
      rules = this.#compile(desc);
      this.#compiled.set(desc, rules);
    }
    return rules;
  }

  #compile(desc: DescMessage): MessageRules {
    const off = this.#off.some(
      (option) =>
        option !== undefined && hasOption(desc, option) && getOption(desc, option) === true,
    );
    if (off) return NO_RULES;
    const required = this.#required;
    return {
      fields: desc.fields.map((field) => this.#compileField(field)),
      requiredOneofs: desc.oneofs.filter(
        (oneof) =>
          required !== undefined &&
          hasOption(oneof, required) &&
          getOption(oneof, required) === true,
      ),
    };
  }

  #compileField(field: DescField): FieldRules {
    const extension = this.#rules;
    const bare = {
      field,
      required: false,
      skip: false,
      check: undefined,
      item: undefined,
      key: undefined,
    };
    if (extension === undefined || !hasOption(field, extension)) return bare;
    const message = getOption(field, extension) as Message;
    const rules = toJson(extension.message!, message, { registry: this.#registry });
    if (!isJsonObject(rules)) return bare;
    const group = ruleGroup(rules);
    const messageRules = isJsonObject(rules['message']) ? rules['message'] : {};
    return {
      field,
      required: messageRules['required'] === true || group?.[1]['required'] === true,
      skip: messageRules['skip'] === true,
      ...compileGroup(field, group),
    };
  }
}

type Checks = Pick<FieldRules, 'check' | 'item' | 'key'>;

function compileGroup(field: DescField, group: readonly [string, JsonObject] | undefined): Checks {
  const none = { check: undefined, item: undefined, key: undefined };
  if (group === undefined) return none;
  const [kind, rules] = group;
  if (kind === 'repeated') {
    return {
      check: compileRepeated(rules),
      item: compileItem(field, rules['items']),
      key: undefined,
    };
  }
  if (kind === 'map') {
    return {
      check: compilePairs(rules),
      item: compileItem(field, rules['values']),
      key: compileItem(field, rules['keys']),
    };
  }
  return { ...none, check: compileValue(field, kind, rules) };
}

function compileItem(field: DescField, rules: unknown): ValueCheck | undefined {
  if (!isJsonObject(rules)) return undefined;
  const group = ruleGroup(rules);
  return group === undefined ? undefined : compileValue(field, group[0], group[1]);
}

function compileValue(field: DescField, kind: string, rules: JsonObject): ValueCheck | undefined {
  switch (kind) {
    case 'enum':
      return compileEnum(field, rules);
    case 'duration':
      return compileDuration(rules);
    case 'any':
      return compileAny(rules);
    case 'bool':
      return rules['const'] === undefined
        ? undefined
        : (value) => (value === rules['const'] ? undefined : `value must equal ${rules['const']}`);
    case 'timestamp':
      return undefined;
    default:
      return compileScalarRules(kind, rules);
  }
}

function compileEnum(field: DescField, rules: JsonObject): ValueCheck | undefined {
  const checks: ValueCheck[] = [];
  const known = new Set(field.enum?.values.map((value) => value.number));
  if (rules['definedOnly'] === true) {
    checks.push((v) =>
      known.has(Number(v)) ? undefined : 'value must be one of the defined enum values',
    );
  }
  const { in: allowed, notIn: refused } = rules;
  if (Array.isArray(allowed)) {
    checks.push((v) => (allowed.includes(v) ? undefined : `value must be in list [${allowed}]`));
  }
  if (Array.isArray(refused)) {
    checks.push((v) =>
      refused.includes(v) ? `value must not be in list [${refused}]` : undefined,
    );
  }
  return allOf(checks);
}

/** A rule's limit is JSON (`"0.001s"`), a value is a Duration message. */
function durationNumber(value: unknown): number {
  if (typeof value === 'string') return parseDurationMs(value) ?? 0;
  const { seconds, nanos } = value as { seconds: bigint; nanos: number };
  return Number(seconds) * 1000 + nanos / 1e6;
}

function compileDuration(rules: JsonObject): ValueCheck | undefined {
  const range = compileRange(rules, durationNumber, String);
  const exact = rules['const'];
  if (exact === undefined) return range;
  return (value) =>
    durationNumber(value) === durationNumber(exact) ? undefined : `value must equal ${exact}`;
}

function compileAny(rules: JsonObject): ValueCheck | undefined {
  const { in: allowed } = rules;
  if (!Array.isArray(allowed)) return undefined;
  return (value) =>
    allowed.includes((value as { typeUrl: string }).typeUrl)
      ? undefined
      : `type URL must be in list ${JSON.stringify(allowed)}`;
}

function compileRepeated(rules: JsonObject): ValueCheck | undefined {
  const { minItems: min, maxItems: max } = rules;
  const checks: ValueCheck[] = [];
  if (min !== undefined) {
    checks.push((v) =>
      size(v) < Number(min) ? `value must contain at least ${min} item(s)` : undefined,
    );
  }
  if (max !== undefined) {
    checks.push((v) =>
      size(v) > Number(max) ? `value must contain no more than ${max} item(s)` : undefined,
    );
  }
  if (rules['unique'] === true) {
    checks.push((v) =>
      new Set(v as unknown[]).size < size(v)
        ? 'repeated value must contain unique items'
        : undefined,
    );
  }
  const check = allOf(checks);
  if (check === undefined || rules['ignoreEmpty'] !== true) return check;
  return (value) => (size(value) === 0 ? undefined : check(value));
}

function compilePairs(rules: JsonObject): ValueCheck | undefined {
  const { minPairs: min, maxPairs: max } = rules;
  const checks: ValueCheck[] = [];
  if (min !== undefined) {
    checks.push((v) =>
      pairs(v) < Number(min) ? `value must contain at least ${min} pair(s)` : undefined,
    );
  }
  if (max !== undefined) {
    checks.push((v) =>
      pairs(v) > Number(max) ? `value must contain no more than ${max} pair(s)` : undefined,
    );
  }
  return allOf(checks);
}

function size(value: unknown): number {
  return (value as readonly unknown[]).length;
}

function pairs(value: unknown): number {
  return Object.keys(value as object).length;
}
