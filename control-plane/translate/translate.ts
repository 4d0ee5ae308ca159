import type { Outcome } from '@lateen/sdk/base/result';
import type { Mesh } from '../mesh/mesh.ts';
import type { ProxyNode } from './node.ts';
import type { ModuleResolutions, ProxySnapshot } from './snapshot.ts';

/** What a proxy is to be told, from all that was declared. Pure. */
export function translateFor(
  node: ProxyNode,
  mesh: Mesh,
  modules: ModuleResolutions,
): Outcome<ProxySnapshot> {
  throw new Error(`under construction (${node.id} ${mesh.services.size} ${modules.size})`);
}
