import { parseDocuments } from '../api/parse.ts';
import { type PluginSource, pluginOf } from './plugin.ts';
import type { PullSecrets } from './pull-secret.ts';
import type { LastGood } from './records.ts';
import { isTrusted, keyGroups, type TrustPolicy } from './signature/trust.ts';

/**
 * The resource of a version that worked before the restart; undefined where today's policy would
 * not let it through.
 */
export function restoreSource(
  key: string,
  good: LastGood,
  secrets: PullSecrets,
  trust: TrustPolicy,
): PluginSource | undefined {
  const file = `${key} as it last worked`;
  const parsed = parseDocuments({ file, text: JSON.stringify(good.raw) });
  const object = parsed.value.objects[0];
  const source = object === undefined ? undefined : pluginOf(object, secrets);
  if (source?.key !== key) return undefined;
  const groups = keyGroups(source.verificationKey, trust);
  return groups.ok && isTrusted(good.signedBy, groups.value) ? source : undefined;
}
