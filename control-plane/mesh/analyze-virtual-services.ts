import type { Problem } from '@lateen/sdk/base/problem';
import { suggest } from '@lateen/sdk/base/suggest';
import type { FieldPath } from '../api/located.ts';
import type { Destination, HttpRoute } from '../api/virtual-service.ts';
import { finding } from './finding.ts';
import { serverHost } from './gateway-servers.ts';
import { fullHost, hostIntersection } from './hosts.ts';
import { type Mesh, serviceFor } from './mesh.ts';
import { type BoundVirtualService, MESH_GATEWAY } from './virtual-services.ts';

/** Dangling references, hosts that two claim, and rules that no request can reach. */
export function analyzeVirtualServices(mesh: Mesh): readonly Problem[] {
  return [
    ...duplicateHosts(mesh),
    ...mesh.virtualServices.flatMap((service) => [
      ...gatewayReferences(service, mesh),
      ...destinations(service, mesh),
      ...unreachableRules(service),
    ]),
  ];
}

/** IST0109: for sidecars, two VirtualServices with one host are not merged: the oldest has it. */
function duplicateHosts(mesh: Mesh): readonly Problem[] {
  const owners = new Map<string, BoundVirtualService>();
  const problems: Problem[] = [];
  for (const service of mesh.virtualServices) {
    if (!service.gateways.has(MESH_GATEWAY)) continue;
    for (const [index, host] of service.hosts.entries()) {
      const scopes = service.exportTo.map((scope) =>
        scope === '.' ? service.object.metadata.namespace : scope,
      );
      for (const scope of scopes) {
        const owner = owners.get(`${scope} ${host}`);
        if (owner === undefined) owners.set(`${scope} ${host}`, service);
        else if (owner !== service) {
          const { namespace, name } = owner.object.metadata;
          problems.push(
            finding(service.object, ['spec', 'hosts', index], {
              level: 'error',
              code: 'IST0109',
              message: `host ${host} already belongs to VirtualService ${namespace}/${name}, which serves it for sidecars; these rules have no effect there`,
            }),
          );
        }
      }
    }
  }
  return problems;
}

function gatewayReferences(service: BoundVirtualService, mesh: Mesh): readonly Problem[] {
  const problems: Problem[] = [];
  const gateways = new Map(
    mesh.of('Gateway').map((item) => [`${item.metadata.namespace}/${item.metadata.name}`, item]),
  );
  const names = [...service.gateways];
  for (const [index, name] of names.entries()) {
    if (name === MESH_GATEWAY) continue;
    const gateway = gateways.get(name);
    if (gateway === undefined) {
      const near = suggest(name, gateways.keys());
      problems.push(
        finding(service.object, ['spec', 'gateways', index], {
          level: 'error',
          code: 'IST0101',
          message: `gateway ${name} not found${near === undefined ? '' : `; did you mean ${near}?`}`,
        }),
      );
      continue;
    }
    const home = service.object.metadata.namespace;
    const served = (gateway.spec.servers ?? []).flatMap((server) =>
      server.hosts.map((host) => serverHost(host, gateway.metadata.namespace)),
    );
    const meets = (host: string): boolean =>
      served.some(
        (item) =>
          (item.namespace === '*' || item.namespace === home) &&
          hostIntersection(item.host, host) !== undefined,
      );
    if (service.hosts.length > 0 && !service.hosts.some(meets)) {
      problems.push(
        finding(service.object, ['spec', 'hosts'], {
          level: 'warning',
          code: 'IST0132',
          message: `gateway ${name} serves none of these hosts (it serves ${served.map((item) => item.host).join(', ')})`,
        }),
      );
    }
  }
  return problems;
}

function destinations(service: BoundVirtualService, mesh: Mesh): readonly Problem[] {
  const rules = service.object.spec.http ?? [];
  return rules.flatMap((rule, index) =>
    (rule.route ?? []).flatMap((item, position) => {
      const path = ['spec', 'http', index, 'route', position, 'destination'];
      return checkDestination(service, item.destination, path, mesh);
    }),
  );
}

function checkDestination(
  service: BoundVirtualService,
  destination: Destination,
  path: FieldPath,
  mesh: Mesh,
): readonly Problem[] {
  const { namespace } = service.object.metadata;
  const host = fullHost(destination.host, namespace, mesh.settings.domain);
  const target = serviceFor(mesh, host, namespace);
  const say = (field: string, code: string, message: string): readonly Problem[] => [
    finding(service.object, [...path, field], { level: 'error', code, message }),
  ];
  if (target === undefined) {
    const short = mesh.services
      .filter((item) => item.namespace === namespace)
      .map((item) => item.name);
    const near = suggest(destination.host, [
      ...short,
      ...mesh.services.map((item) => item.hostname),
    ]);
    return say(
      'host',
      'IST0101',
      `host ${host} not found${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
  const numbers = target.ports.map((port) => port.number);
  const port = destination.port?.number;
  if (port === undefined && numbers.length > 1) {
    return say(
      'host',
      'IST0112',
      `${destination.host} has several ports (${numbers.join(', ')}); name one with port: {number: ${numbers[0]}}`,
    );
  }
  if (port !== undefined && !numbers.includes(port)) {
    return say(
      'port',
      'IST0101',
      `${destination.host} has no port ${port} (it has ${numbers.join(', ')})`,
    );
  }
  if (destination.subset === undefined || destination.subset === '') return [];
  const rule = mesh.destinationRules.find(target, namespace);
  const names = rule?.subsets.map((subset) => subset.name) ?? [];
  if (names.includes(destination.subset)) return [];
  const where =
    rule === undefined
      ? `no DestinationRule for ${destination.host} was found`
      : `DestinationRule ${rule.rule.metadata.namespace}/${rule.rule.metadata.name} has ${names.join(', ') || 'none'}`;
  return say(
    'subset',
    'IST0101',
    `subset ${JSON.stringify(destination.subset)} not found: ${where}`,
  );
}

/** IST0130: everything behind a rule that matches every request. */
function unreachableRules(service: BoundVirtualService): readonly Problem[] {
  const rules = service.object.spec.http ?? [];
  const first = rules.findIndex(matchesAll);
  if (first < 0 || first === rules.length - 1) return [];
  return rules.slice(first + 1).map((_, index) =>
    finding(service.object, ['spec', 'http', first + 1 + index], {
      level: 'warning',
      code: 'IST0130',
      message: `no request reaches this rule: http[${first}] matches everything`,
    }),
  );
}

function matchesAll(rule: HttpRoute): boolean {
  if (rule.match === undefined || rule.match.length === 0) return true;
  return rule.match.some((match) => {
    const { name: _, statPrefix: __, ignoreUriCase: ___, uri, ...others } = match;
    const anyPath = uri === undefined || uri.prefix === '/';
    return anyPath && Object.values(others).every(isEmpty);
  });
}

function isEmpty(value: unknown): boolean {
  if (value === undefined) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
