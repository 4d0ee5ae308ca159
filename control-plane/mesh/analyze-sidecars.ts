import type { Problem } from '@lateen/sdk/base/problem';
import type { TypedObject } from '../api/object.ts';
import { finding } from './finding.ts';
import type { Mesh } from './mesh.ts';
import { hasSelector } from './sidecar-scope.ts';

/** Sidecars that compete for the same workloads. */
export function analyzeSidecars(mesh: Mesh): readonly Problem[] {
  const owners = new Map<string, TypedObject<'Sidecar'>>();
  return mesh.of('Sidecar').flatMap((sidecar) => {
    const { namespace } = sidecar.metadata;
    const labels = Object.entries(sidecar.spec.workloadSelector?.labels ?? {}).sort();
    const key = `${namespace} ${JSON.stringify(labels)}`;
    const owner = owners.get(key);
    if (owner === undefined) {
      owners.set(key, sidecar);
      return [];
    }
    const code = hasSelector(sidecar) ? 'IST0110' : 'IST0111';
    const what = hasSelector(sidecar) ? 'with the same selector' : 'without a selector';
    return [
      finding(sidecar, ['metadata', 'name'], {
        level: 'error',
        code,
        message: `Sidecar ${namespace}/${owner.metadata.name} ${what} is older and is used instead`,
      }),
    ];
  });
}
