import type { Problem } from '@lateen/sdk/base/problem';
import { checkAuthorization, type Report } from './authorization-support.ts';
import type { TrafficPolicy } from './destination-rule.ts';
import type { FieldPath } from './located.ts';
import { MESH_CONFIG_WITHOUT_EFFECT } from './mesh-config.ts';
import { type ConfigObject, isKind, originOf } from './object.ts';

/**
 * What of a well-formed object is not supported yet. An error means that the whole object is
 * refused: half of a policy or of a route would secure or send traffic differently from what the
 * user wrote. A warning means that the rest of the object takes effect.
 */
export function checkSupport(object: ConfigObject): readonly Problem[] {
  const problems: Problem[] = [];
  const report: Report = (level, path, message, fix) =>
    problems.push({
      level,
      code: 'LAT0103',
      message,
      origin: originOf(object, path, 'key'),
      ...(fix === undefined ? {} : { fix }),
    });
  if (isKind(object, 'VirtualService')) checkVirtualService(object.spec, report);
  else if (isKind(object, 'DestinationRule')) checkDestinationRule(object.spec, report);
  else if (isKind(object, 'ServiceEntry')) checkServiceEntry(object.spec, report);
  else if (isKind(object, 'AuthorizationPolicy')) checkAuthorization(object, report);
  else if (isKind(object, 'WasmPlugin')) checkModule(object.spec, ['spec'], report);
  else if (isKind(object, 'TrafficExtension')) checkExtension(object.spec, report);
  else if (isKind(object, 'Sidecar')) checkSidecar(object.spec, report);
  else if (isKind(object, 'MeshConfig')) checkMeshConfig(object.spec, report);
  return problems;
}

type SpecOf<K extends ConfigObject['kind']> = Extract<ConfigObject, { kind: K }>['spec'];

const NEEDS_TLS = 'TLS is not supported yet';

function checkVirtualService(spec: SpecOf<'VirtualService'>, report: Report): void {
  for (const field of ['tls', 'tcp'] as const) {
    if ((spec[field]?.length ?? 0) > 0) {
      report(
        'error',
        ['spec', field],
        `${field} routes are not supported yet, so the whole VirtualService is refused`,
      );
    }
  }
  spec.http?.forEach((route, index) => {
    const at = (...path: FieldPath): FieldPath => ['spec', 'http', index, ...path];
    const refuse = (field: string, what: string): void =>
      report(
        'error',
        at(field),
        `${what} is not supported yet, so the whole VirtualService is refused`,
      );
    if (route.delegate !== undefined) refuse('delegate', 'delegate');
    if (route.mirror !== undefined) refuse('mirror', 'mirroring');
    if ((route.mirrors?.length ?? 0) > 0) refuse('mirrors', 'mirroring');
    if (route.corsPolicy !== undefined) refuse('corsPolicy', 'corsPolicy');
    if (route.fault?.abort?.http2Error !== undefined) refuse('fault', 'fault.abort.http2Error');
    if (route.fault?.delay?.exponentialDelay !== undefined) {
      refuse('fault', 'fault.delay.exponentialDelay');
    }
    if (route.retries?.retryRemoteLocalities === true) {
      report('warning', at('retries', 'retryRemoteLocalities'), 'has no effect yet');
    }
    route.match?.forEach((match, position) => {
      for (const name of Object.keys({ ...match.headers, ...match.withoutHeaders })) {
        if (!name.startsWith('@request.auth')) continue;
        report(
          'error',
          at('match', position, 'headers'),
          'routing by JWT claims is not supported yet',
        );
      }
    });
  });
}

function checkDestinationRule(spec: SpecOf<'DestinationRule'>, report: Report): void {
  if (spec.workloadSelector !== undefined) {
    report('error', ['spec', 'workloadSelector'], 'workloadSelector is not supported yet');
  }
  checkPolicy(spec.trafficPolicy, ['spec', 'trafficPolicy'], report);
  for (const [index, subset] of (spec.subsets ?? []).entries()) {
    checkPolicy(subset.trafficPolicy, ['spec', 'subsets', index, 'trafficPolicy'], report);
  }
}

function checkPolicy(policy: TrafficPolicy | undefined, path: FieldPath, report: Report): void {
  if (policy === undefined) return;
  const levels = [
    { policy, path },
    ...(policy.portLevelSettings ?? []).map((item, index) => ({
      policy: item,
      path: [...path, 'portLevelSettings', index],
    })),
  ];
  for (const level of levels) {
    const mode = level.policy.tls?.mode ?? 'DISABLE';
    if (level.policy.tls !== undefined && mode !== 'DISABLE') {
      report(
        'error',
        [...level.path, 'tls'],
        `${NEEDS_TLS} (mode ${mode}), so the whole DestinationRule is refused`,
      );
    }
    const balancer = level.policy.loadBalancer;
    for (const field of [
      'localityLbSetting',
      'zoneAwareLbSetting',
      'warmup',
      'warmupDurationSecs',
    ] as const) {
      if (balancer?.[field] !== undefined) {
        report('warning', [...level.path, 'loadBalancer', field], 'has no effect yet');
      }
    }
    if (level.policy.connectionPool?.http?.h2UpgradePolicy === 'UPGRADE') {
      report(
        'warning',
        [...level.path, 'connectionPool', 'http', 'h2UpgradePolicy'],
        'HTTP/2 is not supported yet',
      );
    }
  }
  for (const field of ['tunnel', 'proxyProtocol'] as const) {
    if (policy[field] !== undefined)
      report('error', [...path, field], `${field} is not supported yet`);
  }
  if (policy.retryBudget !== undefined)
    report('warning', [...path, 'retryBudget'], 'has no effect yet');
}

function checkServiceEntry(spec: SpecOf<'ServiceEntry'>, report: Report): void {
  const resolution = spec.resolution ?? 'NONE';
  if (resolution === 'NONE' || resolution === 'DYNAMIC_DNS') {
    const path = spec.resolution === undefined ? ['spec'] : ['spec', 'resolution'];
    report(
      'error',
      path,
      `resolution ${resolution} is not supported yet`,
      'write resolution: DNS or STATIC',
    );
  }
  const wild = spec.hosts.findIndex((host) => host.startsWith('*'));
  if (wild >= 0) report('error', ['spec', 'hosts', wild], 'wildcard hosts are not supported yet');
}

function checkModule(
  spec: {
    readonly type?: string | undefined;
    readonly targetRef?: unknown;
    readonly targetRefs?: readonly unknown[] | undefined;
  },
  path: FieldPath,
  report: Report,
): void {
  if (spec.type === 'NETWORK')
    report('error', [...path, 'type'], 'network filters are not supported yet');
  if (spec.targetRef !== undefined || (spec.targetRefs?.length ?? 0) > 0) {
    report(
      'error',
      [...path, spec.targetRef === undefined ? 'targetRefs' : 'targetRef'],
      'targetRefs are not supported yet',
      'use selector.matchLabels',
    );
  }
}

function checkExtension(spec: SpecOf<'TrafficExtension'>, report: Report): void {
  if (spec.lua !== undefined) {
    report(
      'error',
      ['spec', 'lua'],
      'Lua is not run here',
      'compile the filter to Wasm and use spec.wasm',
    );
  }
  if ((spec.targetRefs?.length ?? 0) > 0) {
    report(
      'error',
      ['spec', 'targetRefs'],
      'targetRefs are not supported yet',
      'use selector.matchLabels',
    );
  }
  if (spec.wasm !== undefined) checkModule(spec.wasm, ['spec', 'wasm'], report);
}

function checkSidecar(spec: SpecOf<'Sidecar'>, report: Report): void {
  spec.ingress?.forEach((ingress, index) => {
    const at = (...path: FieldPath): FieldPath => ['spec', 'ingress', index, ...path];
    if (ingress.tls !== undefined) report('error', at('tls'), NEEDS_TLS);
    if (ingress.defaultEndpoint?.startsWith('unix://') === true) {
      report('error', at('defaultEndpoint'), 'Unix domain sockets are not supported yet');
    }
  });
  spec.egress?.forEach((egress, index) => {
    if (egress.port === undefined) return;
    const message = 'a port of its own has no effect yet; the hosts are imported';
    report('warning', ['spec', 'egress', index, 'port'], message);
  });
  if (spec.outboundTrafficPolicy?.egressProxy !== undefined) {
    report(
      'error',
      ['spec', 'outboundTrafficPolicy', 'egressProxy'],
      'egressProxy is not supported yet',
    );
  }
}

function checkMeshConfig(spec: SpecOf<'MeshConfig'>, report: Report): void {
  for (const field of MESH_CONFIG_WITHOUT_EFFECT) {
    if (spec[field] !== undefined) report('info', ['spec', field], `${field} has no effect yet`);
  }
}
