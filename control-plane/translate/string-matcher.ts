import type { JsonObject } from '@lateen/sdk/base/json';
import type { StringMatch } from '../api/schema.ts';
import { compact } from './json.ts';

/** envoy.type.matcher.v3.StringMatcher, or undefined where anything present is meant. */
export function stringMatcher(match: StringMatch): JsonObject | undefined {
  if (match.exact !== undefined) return { exact: match.exact };
  if (match.prefix !== undefined) return { prefix: match.prefix };
  if (match.regex !== undefined) return { safeRegex: { regex: match.regex } };
  return undefined;
}

/** envoy.config.route.v3.HeaderMatcher for a header that must match. */
export function headerMatcher(name: string, match: StringMatch): JsonObject {
  const matcher = stringMatcher(match);
  if (matcher === undefined || isEmptyValue(match)) return { name, presentMatch: true };
  return { name, stringMatch: matcher };
}

/** The same for a header that must not match; one that is absent does not. */
export function withoutHeaderMatcher(name: string, match: StringMatch): JsonObject {
  const matcher = headerMatcher(name, match);
  return compact({
    ...matcher,
    invertMatch: true,
    treatMissingHeaderAsEmpty: matcher['stringMatch'] === undefined ? undefined : true,
  });
}

/** Istio reads an empty value as "present, whatever it is". */
function isEmptyValue(match: StringMatch): boolean {
  return match.exact === '' || match.prefix === '' || match.regex === '*';
}
