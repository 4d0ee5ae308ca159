import { isJsonObject, type Json } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import type { FieldPath, Located } from './located.ts';
import type { Kind } from './object.ts';

interface NullContext {
  readonly kind: Kind;
  readonly source: Located;
  readonly problems: Problem[];
}

/**
 * `field:` with nothing behind it means "not set", as for an API server. Not so in the rules of an
 * AuthorizationPolicy: there `from:` with its list forgotten would read as "from anybody".
 */
export function withoutNulls(value: Json, context: NullContext, path: FieldPath = []): Json {
  if (Array.isArray(value)) {
    return value.map((item: Json, index) => withoutNulls(item, context, [...path, index]));
  }
  if (!isJsonObject(value)) return value;
  // A plugin's own configuration keeps its nulls: they are data of the plugin's.
  if (path.at(-1) === 'pluginConfig') return value;
  const result: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const at = [...path, key];
    if (item !== null) setOwn(result, key, withoutNulls(item, context, at));
    else if (context.kind === 'AuthorizationPolicy' && path[0] === 'rules') {
      context.problems.push({
        level: 'error',
        code: 'IST0106',
        message: `${key} is empty, which would match anything`,
        origin: context.source.at(at, 'key'),
        fix: `fill in ${key} or take the line out`,
      });
    }
  }
  return result;
}

/** An assignment to `__proto__` would not make a field; this does. */
function setOwn(target: Record<string, Json>, key: string, value: Json): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}
