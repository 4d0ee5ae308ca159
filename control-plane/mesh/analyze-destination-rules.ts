import type { Problem } from '@lateen/sdk/base/problem';
import { suggest } from '@lateen/sdk/base/suggest';
import type { TypedObject } from '../api/object.ts';
import { finding } from './finding.ts';
import { fullHost, hostCovers, selects } from './hosts.ts';
import type { Mesh } from './mesh.ts';

/** Rules for hosts that nobody declares, and subsets that no endpoint belongs to. */
export function analyzeDestinationRules(mesh: Mesh): readonly Problem[] {
  return mesh.of('DestinationRule').flatMap((rule) => analyzeRule(rule, mesh));
}

function analyzeRule(rule: TypedObject<'DestinationRule'>, mesh: Mesh): readonly Problem[] {
  const host = fullHost(rule.spec.host, rule.metadata.namespace, mesh.settings.domain);
  const services = mesh.services.filter((service) => hostCovers(host, service.hostname));
  if (services.length === 0) {
    const near = suggest(
      rule.spec.host,
      mesh.services.map((service) => service.name),
    );
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    return [
      finding(rule, ['spec', 'host'], {
        level: 'warning',
        code: 'IST0174',
        message: `host ${host} not found${hint}`,
      }),
    ];
  }
  const endpoints = services.flatMap((service) => service.endpoints);
  if (endpoints.length === 0) return [];
  return (rule.spec.subsets ?? []).flatMap((subset, index) => {
    if (endpoints.some((endpoint) => selects(subset.labels, endpoint.labels))) return [];
    return [
      finding(rule, ['spec', 'subsets', index, 'labels'], {
        level: 'warning',
        code: 'IST0173',
        message: `no endpoint of ${host} has the labels of subset ${subset.name}`,
      }),
    ];
  });
}
