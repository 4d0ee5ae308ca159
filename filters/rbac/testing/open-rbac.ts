import { headerOf } from '@lateen/host/testing/memory-message';
import { TestHost, type TestHostOptions, type TestRequest } from '@lateen/host/testing/test-host';
import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { bundledModules } from '../../bundled-modules.ts';

const PACKAGE = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3';
export const FILTER_NAME = 'envoy.filters.http.rbac';
export const ANY: readonly JsonObject[] = [{ any: true }];

export interface RbacPlan extends Partial<Omit<TestHostOptions, 'routes' | 'filters' | 'modules'>> {
  /** Fields of the RBAC message. */
  readonly filter?: JsonObject;
  /** Fields of the RBACPerRoute of the paths under /route. */
  readonly route?: JsonObject;
  /** Fields of the RBACPerRoute of the virtual host. */
  readonly virtualHost?: JsonObject;
}

export interface Verdict {
  readonly status: string | undefined;
  readonly body: string;
  /** Response code details. */
  readonly details: string;
  /** Whether the request went upstream. */
  readonly sent: boolean;
}

export interface OpenRbac {
  readonly host: TestHost;
  ask(request?: TestRequest): Verdict;
  /** Whether it passes. */
  allows(request?: TestRequest): boolean;
}

/** The filter in front of a router that sends everything on. Throws where it is refused. */
export async function openRbac(plan: RbacPlan): Promise<OpenRbac> {
  const { filter = {}, route, virtualHost, ...more } = plan;
  const host = await TestHost.open({
    ...more,
    modules: bundledModules('rbac', 'router'),
    filters: [
      {
        name: FILTER_NAME,
        module: 'rbac',
        configuration: { '@type': `${PACKAGE}.RBAC`, ...filter },
      },
      { name: 'router', module: 'router' },
    ],
    routes: {
      name: 'r',
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          typedPerFilterConfig: perRoute(virtualHost),
          routes: [
            {
              match: { prefix: '/route' },
              route: { cluster: 'c' },
              typedPerFilterConfig: perRoute(route),
            },
            { match: { prefix: '/' }, route: { cluster: 'c' } },
          ],
        },
      ],
    },
  });
  const ask = (request?: TestRequest): Verdict => {
    const before = host.upstream.attempts.length;
    const { response, stream } = host.request(request);
    return {
      status: headerOf(response, ':status'),
      body: response.body.toString(),
      details: stream.info.details,
      sent: host.upstream.attempts.length > before,
    };
  };
  return { host, ask, allows: (request) => ask(request).sent };
}

function perRoute(fields: JsonObject | undefined): JsonObject {
  if (fields === undefined) return {};
  return { [FILTER_NAME]: { '@type': `${PACKAGE}.RBACPerRoute`, ...fields } };
}

/** Rules with a policy per permission, `p0` first. */
export function permitting(action: string, ...permissions: readonly Json[]): JsonObject {
  const entries = permissions.map((permission, index) => [
    `p${index}`,
    { permissions: [permission], principals: ANY },
  ]);
  return { action, policies: Object.fromEntries(entries) };
}

/** Rules with a policy per principal, `p0` first. */
export function naming(action: string, ...principals: readonly Json[]): JsonObject {
  const entries = principals.map((principal, index) => [
    `p${index}`,
    { permissions: ANY, principals: [principal] },
  ]);
  return { action, policies: Object.fromEntries(entries) };
}

/** The same rule as the only one that allows, and as the only one that denies. */
export async function bothWays(
  permission: JsonObject,
  more: RbacPlan = {},
): Promise<{ allowing: OpenRbac; denying: OpenRbac }> {
  return {
    allowing: await openRbac({ ...more, filter: { rules: permitting('ALLOW', permission) } }),
    denying: await openRbac({ ...more, filter: { rules: permitting('DENY', permission) } }),
  };
}
