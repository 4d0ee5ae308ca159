import type { TypedObject } from '../api/object.ts';
import { exportedTo, fullHost } from './hosts.ts';
import type { MeshSettings } from './settings.ts';

/** A VirtualService with its names spelled out. */
export interface BoundVirtualService {
  readonly object: TypedObject<'VirtualService'>;
  /** Full host names, in the order of the resource. */
  readonly hosts: readonly string[];
  /** `namespace/name` of gateways, and `mesh`. */
  readonly gateways: ReadonlySet<string>;
  readonly exportTo: readonly string[];
}

/** The reserved gateway: every sidecar. */
export const MESH_GATEWAY = 'mesh';

export function bindVirtualService(
  object: TypedObject<'VirtualService'>,
  settings: MeshSettings,
): BoundVirtualService {
  const { namespace } = object.metadata;
  const { spec } = object;
  const gateways =
    spec.gateways === undefined || spec.gateways.length === 0 ? [MESH_GATEWAY] : spec.gateways;
  return {
    object,
    hosts: (spec.hosts ?? []).map((host) => fullHost(host, namespace, settings.domain)),
    gateways: new Set(gateways.map((name) => fullGateway(name, namespace))),
    exportTo: spec.exportTo ?? settings.defaultVirtualServiceExportTo,
  };
}

export function fullGateway(name: string, namespace: string): string {
  if (name === MESH_GATEWAY || name.includes('/')) return name;
  return `${namespace}/${name}`;
}

export function visibleTo(service: BoundVirtualService, namespace: string): boolean {
  const home = service.object.metadata.namespace;
  return home === namespace || exportedTo(service.exportTo, home, namespace);
}
