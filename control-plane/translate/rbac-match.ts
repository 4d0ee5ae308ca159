import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { compact } from './json.ts';

/** StringMatcher for Istio's way to write values: exact, `prefix*`, `*suffix`, `*` for present. */
export function valueMatcher(value: string, ignoreCase = false): JsonObject {
  const fold = ignoreCase ? { ignoreCase: true } : {};
  if (value === '*') return { safeRegex: { regex: '.+' } };
  if (value.startsWith('*')) return { suffix: value.slice(1), ...fold };
  if (value.endsWith('*')) return { prefix: value.slice(0, -1), ...fold };
  return { exact: value, ...fold };
}

export function headerRule(name: string, value: string): JsonObject {
  if (value === '*') return { header: { name, presentMatch: true } };
  return { header: { name, stringMatch: valueMatcher(value) } };
}

/**
 * A host with or without a port, in any case: `:authority` is what the client wrote, and a policy
 * that a port or a capital letter gets around is none.
 */
export function hostRules(value: string): readonly JsonObject[] {
  const header = (stringMatch: JsonObject): JsonObject => ({
    header: { name: ':authority', stringMatch },
  });
  if (value === '*') return [{ header: { name: ':authority', presentMatch: true } }];
  if (value.startsWith('*')) {
    const regex = `(?i).*${escapeRegex(value.slice(1))}(:[0-9]+)?`;
    return [header({ safeRegex: { regex } })];
  }
  if (value.endsWith('*')) return [header(valueMatcher(value, true))];
  return [
    header({ exact: value, ignoreCase: true }),
    header({ prefix: `${value}:`, ignoreCase: true }),
  ];
}

/** `{*}` is one segment and `{**}` any number of them; all else is as in other values. */
export function pathRule(value: string): JsonObject {
  return { urlPath: { path: value.includes('{*') ? template(value) : valueMatcher(value) } };
}

function template(value: string): JsonObject {
  const parts = value.split(/(\{\*\*?\})/);
  const regex = parts
    .map((part) => (part === '{*}' ? '[^/]+' : part === '{**}' ? '.*' : escapeRegex(part)))
    .join('');
  return { safeRegex: { regex } };
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

/** `10.0.0.0/8`, or an address alone, as envoy.config.core.v3.CidrRange. */
export function cidr(block: string): JsonObject {
  const [address = '', prefix] = block.split('/');
  const whole = address.includes(':') ? 128 : 32;
  return compact({
    addressPrefix: address,
    prefixLen: prefix === undefined ? whole : Number(prefix),
  });
}

/** One of the rules is true. */
export function anyOf(key: 'orRules' | 'orIds', items: readonly Json[]): JsonObject {
  return key === 'orRules' ? { orRules: { rules: items } } : { orIds: { ids: items } };
}
