import { concerns } from '../mesh/hosts.ts';
import type { Mesh } from '../mesh/mesh.ts';

/** What a proxy is started with; a change takes effect when it is started again. */
export interface ProxySettings {
  /** Worker threads; 0: one per CPU. */
  readonly concurrency: number;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * ProxyConfig for a workload: one that selects it, else its namespace's, else the root
 * namespace's, else MeshConfig.defaultConfig. Fields are settled one by one.
 */
export function proxySettings(
  mesh: Mesh,
  workload: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
): ProxySettings {
  const { rootNamespace, concurrency } = mesh.settings;
  const configs = mesh
    .of('ProxyConfig')
    .filter(({ metadata, spec }) =>
      concerns(
        { namespace: metadata.namespace, selector: spec.selector?.matchLabels },
        workload,
        rootNamespace,
      ),
    )
    .map((object) => {
      const selected = Object.keys(object.spec.selector?.matchLabels ?? {}).length > 0;
      const local = object.metadata.namespace === workload.namespace;
      return { spec: object.spec, rank: (selected ? 2 : 0) + (local ? 1 : 0) };
    })
    .sort((a, b) => b.rank - a.rank);
  const chosen = configs.find(({ spec }) => spec.concurrency !== undefined);
  const variables = configs.toReversed().map(({ spec }) => spec.environmentVariables ?? {});
  return {
    concurrency: chosen?.spec.concurrency ?? concurrency,
    environment: Object.assign({}, ...variables) as Readonly<Record<string, string>>,
  };
}
