import type { Problem } from '@lateen/sdk/base/problem';
import type { Outcome } from '@lateen/sdk/base/result';
import { type ConfigObject, isKind, type Kind, originOf, type TypedObject } from '../api/object.ts';
import { analyze } from './analyze.ts';
import { indexDestinationRules } from './destination-rules.ts';
import { collectExtensions } from './extensions.ts';
import type { Mesh } from './mesh.ts';
import { oldestFirst } from './order.ts';
import { buildRegistry } from './registry.ts';
import { type MeshSettings, settleMeshConfig } from './settings.ts';
import { bindVirtualService } from './virtual-services.ts';

/** Indexes what was declared and says what does not fit together. Pure. */
export function buildMesh(objects: readonly ConfigObject[]): Outcome<Mesh> {
  const problems: Problem[] = [];
  const sorted = objects.toSorted(oldestFirst);
  const of = indexByKind(sorted);
  const settings = chooseSettings(of('MeshConfig'), problems);
  const services = buildRegistry(
    {
      settings,
      services: of('Service'),
      endpoints: of('Endpoints'),
      pods: of('Pod'),
      serviceEntries: of('ServiceEntry'),
      workloadEntries: of('WorkloadEntry'),
    },
    problems,
  );
  const mesh: Mesh = {
    settings,
    services,
    servicesByHost: Map.groupBy(services, (service) => service.hostname),
    extensions: collectExtensions(of('WasmPlugin'), of('TrafficExtension')),
    virtualServices: of('VirtualService').map((item) => bindVirtualService(item, settings)),
    destinationRules: indexDestinationRules(of('DestinationRule'), settings),
    of,
  };
  problems.push(...analyze(mesh));
  return { value: mesh, problems };
}

function indexByKind(sorted: readonly ConfigObject[]): Mesh['of'] {
  const byKind = new Map<Kind, ConfigObject[]>();
  for (const object of sorted) {
    const list = byKind.get(object.kind);
    if (list === undefined) byKind.set(object.kind, [object]);
    else list.push(object);
  }
  return <K extends Kind>(kind: K): readonly TypedObject<K>[] =>
    (byKind.get(kind) ?? []).filter((object) => isKind(object, kind));
}

function chooseSettings(
  configs: readonly TypedObject<'MeshConfig'>[],
  problems: Problem[],
): MeshSettings {
  const [first, ...others] = configs;
  for (const other of others) {
    problems.push({
      level: 'warning',
      code: 'LAT0202',
      message: `a mesh has one MeshConfig; ${first?.metadata.namespace}/${first?.metadata.name} is in force`,
      origin: originOf(other),
    });
  }
  return settleMeshConfig(first);
}
