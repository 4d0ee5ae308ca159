import type { Problem } from '@lateen/sdk/base/problem';
import type { ConfigObject } from '../api/object.ts';
import { locateProblem } from './locate.ts';
import { parseReference } from './oci/reference.ts';
import { pluginOf } from './plugin.ts';
import { PullSecrets } from './pull-secret.ts';
import { parsePublicKey } from './signature/public-key.ts';

/**
 * What is wrong with the modules that resources ask for, as far as it can be known without asking
 * anybody. A secret that is not among the objects may be elsewhere.
 */
export function checkPlugins(objects: readonly ConfigObject[]): readonly Problem[] {
  const secrets = new PullSecrets(objects);
  return objects.flatMap((object) => {
    const source = pluginOf(object, secrets);
    if (source === undefined) return [];
    const { url, verificationKey, pullSecret } = source;
    const verdicts = [
      /^oci:/i.test(url) ? parseReference(url) : undefined,
      verificationKey === undefined || verificationKey === ''
        ? undefined
        : parsePublicKey(verificationKey),
      pullSecret?.docker,
    ];
    return verdicts.flatMap((verdict, index) => {
      if (verdict === undefined || verdict.ok) return [];
      const problem = locateProblem(source, verdict.error);
      const absent = index === 2 && pullSecret?.fingerprint === 'none';
      return [absent ? { ...problem, level: 'warning' } : problem];
    });
  });
}
