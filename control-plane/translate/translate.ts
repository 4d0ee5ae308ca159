import type { Problem } from '@lateen/sdk/base/problem';
import type { Outcome } from '@lateen/sdk/base/result';
import type { Mesh } from '../mesh/mesh.ts';
import { addGateway } from './gateway.ts';
import type { ProxyNode } from './node.ts';
import { authorization } from './rbac.ts';
import { addSidecar } from './sidecar.ts';
import type { ModuleResolutions, ProxySnapshot, ResourceMaps } from './snapshot.ts';
import { activeExtensions, extensionConfig } from './wasm.ts';

/** What a proxy is to be told, from all that was declared. Pure. */
export function translateFor(
  node: ProxyNode,
  mesh: Mesh,
  modules: ModuleResolutions,
): Outcome<ProxySnapshot> {
  const problems: Problem[] = [];
  const value: ResourceMaps = {
    clusters: new Map(),
    endpoints: new Map(),
    listeners: new Map(),
    routes: new Map(),
    extensionConfigs: new Map(),
  };
  const extensions = activeExtensions(node, mesh, modules, problems);
  const filters = { authorization: authorization(node, mesh), extensions };
  if (node.type === 'router') addGateway(node, mesh, filters, value);
  else addSidecar(node, mesh, filters, value);
  for (const active of extensions) {
    value.extensionConfigs.set(active.extension.resourceName, extensionConfig(active));
  }
  return { value, problems };
}
