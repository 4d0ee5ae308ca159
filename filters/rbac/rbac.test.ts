import { readFile } from 'node:fs/promises';
import { headerOf } from '@lateen/host/testing/memory-message';
import { TestHost, TestHostError, type TestHostOptions } from '@lateen/host/testing/test-host';
import type { JsonObject } from '@lateen/sdk/base/json';
import { expect, test } from 'vitest';

const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const PER_ROUTE = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute';
const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
const NAME = 'envoy.filters.http.rbac';
const ANY: JsonObject = { any: true };
const module = (name: string) => readFile(new URL(`../dist/${name}.wasm`, import.meta.url));

interface Setup extends Partial<TestHostOptions> {
  readonly config?: JsonObject;
  readonly perRoute?: JsonObject;
}

async function hostWith({ config = {}, perRoute, ...options }: Setup): Promise<TestHost> {
  const scoped = perRoute === undefined ? {} : { [NAME]: perRoute };
  return TestHost.open({
    modules: [
      { name: 'rbac', bytes: await module('rbac'), serves: [RBAC, PER_ROUTE] },
      { name: 'router', bytes: await module('router'), serves: [ROUTE_CONFIGURATION] },
    ],
    filters: [
      { name: NAME, module: 'rbac', configuration: { '@type': RBAC, ...config } },
      { name: 'router', module: 'router' },
    ],
    routes: {
      name: 'r',
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [
            { match: { prefix: '/' }, route: { cluster: 'c' }, typedPerFilterConfig: scoped },
          ],
        },
      ],
    },
    ...options,
  });
}

/** Rules with one policy. */
const rules = (
  action: string,
  permission: JsonObject,
  principal: JsonObject = ANY,
): JsonObject => ({
  rules: { action, policies: { p: { permissions: [permission], principals: [principal] } } },
});

type Request = Parameters<TestHost['request']>[0];

function verdict(host: TestHost, request: Request = {}): 'allowed' | 'denied' {
  const seen = host.upstream.attempts.length;
  const { response } = host.request(request);
  const status = headerOf(response, ':status');
  expect(host.upstream.attempts.length - seen).toBe(status === '200' ? 1 : 0);
  return status === '200' ? 'allowed' : 'denied';
}

/** What a permission says of a request, asked under ALLOW and under DENY. */
async function permits(
  permission: JsonObject,
  request: Request = {},
  options: Partial<TestHostOptions> = {},
): Promise<boolean> {
  return asked(permission, ANY, request, options);
}

async function identifies(
  principal: JsonObject,
  request: Request = {},
  options: Partial<TestHostOptions> = {},
): Promise<boolean> {
  return asked(ANY, principal, request, options);
}

async function asked(
  permission: JsonObject,
  principal: JsonObject,
  request: Request,
  options: Partial<TestHostOptions>,
): Promise<boolean> {
  const allow = await hostWith({ config: rules('ALLOW', permission, principal), ...options });
  const deny = await hostWith({ config: rules('DENY', permission, principal), ...options });
  const allowed = verdict(allow, request) === 'allowed';
  expect(verdict(deny, request)).toBe(allowed ? 'denied' : 'allowed');
  return allowed;
}

test('a denied request is answered by 403 and never reaches the upstream', async () => {
  const name = 'ns[default]-policy[no admin]-rule[0]';
  const policy = { permissions: [ANY], principals: [ANY] };
  const host = await hostWith({
    config: { rules: { action: 'DENY', policies: { [name]: policy } } },
  });
  const { response, stream } = host.request();
  expect(headerOf(response, ':status')).toBe('403');
  expect(response.body.toString()).toBe('RBAC: access denied');
  expect(stream.info.details).toBe(
    'rbac_access_denied_matched_policy[ns[default]-policy[no_admin]-rule[0]]',
  );
  expect(host.upstream.attempts).toEqual([]);
  expect(host.metrics.values.get('rbac.denied')).toBe(1);
});

test('what no policy allows is denied', async () => {
  const host = await hostWith({
    config: rules('ALLOW', { header: { name: 'x', presentMatch: true } }),
  });
  expect(verdict(host, { headers: [['x', '']] })).toBe('allowed');
  expect(host.metrics.values.get('rbac.allowed')).toBe(1);
  const { stream } = host.request();
  expect(stream.info.details).toBe('rbac_access_denied_matched_policy[none]');
});

test.each([
  [{}, 'allowed'],
  [{ rules: {} }, 'denied'],
  [{ rules: { action: 'ALLOW' } }, 'denied'],
  [{ rules: { action: 'DENY' } }, 'allowed'],
  [{ rules: { action: 'LOG' } }, 'allowed'],
  [rules('LOG', ANY), 'allowed'],
] as [JsonObject, string][])('%j: %s', async (config, expected) => {
  expect(verdict(await hostWith({ config }))).toBe(expected);
});

test('the first policy by name is the one that is told', async () => {
  const policy = { permissions: [ANY], principals: [ANY] };
  const policies = { b: policy, a: policy, c: policy };
  const host = await hostWith({ config: { rules: { action: 'DENY', policies } } });
  expect(host.request().stream.info.details).toContain('[a]');
});

test('a policy needs one of its permissions and one of its principals', async () => {
  const header = (name: string) => ({ header: { name, presentMatch: true } });
  const policy = {
    permissions: [header('may-1'), header('may-2')],
    principals: [header('who-1'), header('who-2')],
  };
  const host = await hostWith({ config: { rules: { policies: { policy } } } });
  const ask = (...names: string[]) =>
    verdict(host, { headers: names.map((name) => [name, 'y'] as const) });
  expect(ask('may-2', 'who-1')).toBe('allowed');
  expect(ask('may-1', 'who-2')).toBe('allowed');
  expect(ask('may-1', 'may-2')).toBe('denied');
  expect(ask('who-1', 'who-2')).toBe('denied');
});

const GET: JsonObject = { header: { name: ':method', stringMatch: { exact: 'GET' } } };
const NEVER: JsonObject = { notRule: ANY };
const NOBODY: JsonObject = { notId: ANY };

test.each([
  [ANY, true],
  [{ andRules: { rules: [ANY, GET] } }, true],
  [{ andRules: { rules: [ANY, NEVER] } }, false],
  [{ orRules: { rules: [NEVER, GET] } }, true],
  [{ orRules: { rules: [NEVER, NEVER] } }, false],
  [{ notRule: { notRule: GET } }, true],
  [{ notRule: { orRules: { rules: [NEVER, GET] } } }, false],
  [
    { header: { name: ':authority', stringMatch: { exact: 'EXAMPLE.com', ignoreCase: true } } },
    true,
  ],
  [{ header: { name: 'host', stringMatch: { exact: 'example.com' } } }, true],
  [{ header: { name: 'absent', presentMatch: true } }, false],
  [{ header: { name: 'absent', presentMatch: true, invertMatch: true } }, true],
  [{ header: { name: 'X-A', stringMatch: { safeRegex: { regex: '[0-9]+' } } } }, true],
  [{ header: { name: 'x-a', stringMatch: { safeRegex: { regex: '[0-8]+' } } } }, false],
  [{ header: { name: 'x-a', rangeMatch: { start: '19', end: '20' } } }, true],
  [{ urlPath: { path: { exact: '/admin' } } }, true],
  [{ urlPath: { path: { exact: '/admin?x' } } }, false],
  [{ urlPath: { path: { prefix: '/adm' } } }, true],
  [{ urlPath: { path: { suffix: 'min' } } }, true],
  [{ urlPath: { path: { safeRegex: { regex: '/[^/]+' } } } }, true],
  [{ destinationPort: 8080 }, true],
  [{ destinationPort: 80 }, false],
  [{ destinationPortRange: { start: 8080, end: 8081 } }, true],
  [{ destinationPortRange: { start: 8000, end: 8080 } }, false],
  [{ destinationIp: { addressPrefix: '10.0.0.0', prefixLen: 8 } }, true],
  [{ destinationIp: { addressPrefix: '10.0.0.4', prefixLen: 32 } }, false],
  [{ requestedServerName: { exact: 'sni.example' } }, true],
  [{ requestedServerName: { suffix: '.org' } }, false],
] as [JsonObject, boolean][])('permission %j: %s', async (permission, expected) => {
  const connection = { requestedServerName: 'sni.example' };
  const request = { path: '/admin?x=1', headers: [['x-a', '19']] as const };
  expect(await permits(permission, request, { connection })).toBe(expected);
});

const SPIFFE = 'spiffe://cluster.local/ns/default/sa/reviews';
const MTLS = { mtls: true, uriSanPeerCertificate: SPIFFE };
const cidr = (addressPrefix: string, prefixLen: number): JsonObject => ({
  addressPrefix,
  prefixLen,
});

test.each([
  [ANY, true],
  [{ andIds: { ids: [ANY, NOBODY] } }, false],
  [{ orIds: { ids: [ANY, NOBODY] } }, true],
  [{ header: { name: 'x-a', presentMatch: true } }, false],
  [{ urlPath: { path: { exact: '/' } } }, true],
  [{ authenticated: {} }, true],
  [{ authenticated: { principalName: { exact: SPIFFE } } }, true],
  [{ authenticated: { principalName: { prefix: 'spiffe://cluster.local/ns/other/' } } }, false],
  [{ sourceIp: cidr('10.0.0.2', 32) }, true],
  [{ directRemoteIp: cidr('10.0.0.0', 31) }, false],
  [{ directRemoteIp: cidr('10.0.0.2', 31) }, true],
  [{ remoteIp: cidr('10.0.0.2', 32) }, true],
  [{ remoteIp: cidr('0.0.0.0', 0) }, true],
  [{ remoteIp: cidr('::', 0) }, false],
] as [JsonObject, boolean][])('principal %j: %s', async (principal, expected) => {
  expect(await identifies(principal, {}, { connection: MTLS })).toBe(expected);
});

test('without mutual TLS nobody is authenticated', async () => {
  const connection = { uriSanPeerCertificate: SPIFFE };
  for (const authenticated of [{}, { principalName: { safeRegex: { regex: '.*' } } }]) {
    expect(await identifies({ authenticated }, {}, { connection })).toBe(false);
    expect(await identifies({ notId: { authenticated } }, {}, { connection })).toBe(true);
  }
});

test.each([
  [{}, '9.9.9.9'],
  [{ xffNumTrustedHops: 1 }, '8.8.8.8'],
  [{ xffNumTrustedHops: 7 }, '10.0.0.2'],
  [{ useRemoteAddress: true }, '10.0.0.2'],
  [{ useRemoteAddress: true, xffNumTrustedHops: 1 }, '9.9.9.9'],
  [{ useRemoteAddress: true, xffNumTrustedHops: 1, skipXffAppend: true }, '9.9.9.9'],
  [{ useRemoteAddress: true, xffNumTrustedHops: 2 }, '8.8.8.8'],
])('with %j the client is at %s', async (hcm, address) => {
  const request = { headers: [['x-forwarded-for', '8.8.8.8, 9.9.9.9']] as const };
  expect(await identifies({ remoteIp: cidr(address, 32) }, request, { hcm })).toBe(true);
  expect(await identifies({ directRemoteIp: cidr('10.0.0.2', 32) }, request, { hcm })).toBe(true);
});

test.each(['not-an-address', '9.9.9.9.9', ''])(
  'x-forwarded-for %j is not believed',
  async (xff) => {
    const request = { headers: [['x-forwarded-for', `1.1.1.1,${xff}`]] as const };
    expect(await identifies({ remoteIp: cidr('10.0.0.2', 32) }, request)).toBe(true);
  },
);

test('a header that is repeated gets around no policy', async () => {
  const headers = [
    ['x-role', 'user'],
    ['x-role', 'admin'],
  ] as const;
  const admin = { header: { name: 'x-role', stringMatch: { exact: 'admin' } } };
  const notAdmin = { header: { ...admin.header, invertMatch: true } };
  const ask = async (action: string, permission: JsonObject) =>
    verdict(await hostWith({ config: rules(action, permission) }), { headers });
  // One value is the one that is forbidden; the list is not the one that is allowed.
  expect(await ask('DENY', admin)).toBe('denied');
  expect(await ask('ALLOW', admin)).toBe('denied');
  // "Anybody but admin" does not hold for a request that names admin too.
  expect(await ask('ALLOW', { notRule: admin })).toBe('denied');
  expect(await ask('ALLOW', notAdmin)).toBe('denied');
  expect(await ask('DENY', { notRule: admin })).toBe('denied');
  expect(await ask('DENY', notAdmin)).toBe('denied');
  // The list itself is matched too.
  const list = { header: { name: 'x-role', stringMatch: { exact: 'user,admin' } } };
  expect(await ask('ALLOW', list)).toBe('allowed');
  expect(await ask('DENY', list)).toBe('denied');
});

test('one value with a comma in it is one value', async () => {
  const permission = { header: { name: 'x', stringMatch: { exact: 'a' } } };
  expect(await permits(permission, { headers: [['x', 'a,b']] })).toBe(false);
});

test('a dry run is counted under its own name and decides nothing', async () => {
  const { rules: shadowRules } = rules('DENY', ANY);
  const host = await hostWith({
    config: { shadowRules, shadowRulesStatPrefix: 'istio_dry_run_deny_' },
  });
  expect(verdict(host)).toBe('allowed');
  expect(host.metrics.values.get('rbac.istio_dry_run_deny_shadow_denied')).toBe(1);
  expect(host.log.lines.join('\n')).toContain('shadow denied, matched policy p');
});

test("a route's rules take the place of the filter's, and an empty message takes them away", async () => {
  const config = rules('ALLOW', ANY);
  const perRoute = { '@type': PER_ROUTE, rbac: rules('DENY', ANY) };
  expect(verdict(await hostWith({ config, perRoute }))).toBe('denied');
  const none = { '@type': PER_ROUTE };
  expect(verdict(await hostWith({ config: rules('DENY', ANY), perRoute: none }))).toBe('allowed');
});

test('an address that is none is taken for the worse by allowing and by denying rules', async () => {
  const connection = { remoteAddress: '@pipe' };
  const principal = { directRemoteIp: cidr('0.0.0.0', 0) };
  for (const [id, action] of [
    [principal, 'ALLOW'],
    [principal, 'DENY'],
    [{ notId: principal }, 'ALLOW'],
    [{ notId: principal }, 'DENY'],
  ] as [JsonObject, string][]) {
    const host = await hostWith({ config: rules(action, ANY, id), connection });
    expect(verdict(host)).toBe('denied');
  }
});

test('a gRPC request is denied in words that gRPC understands', async () => {
  const host = await hostWith({ config: rules('DENY', ANY) });
  const { response } = host.request({ headers: [['content-type', 'application/grpc']] });
  expect(headerOf(response, ':status')).toBe('200');
  expect(headerOf(response, 'grpc-status')).toBe('7');
  expect(host.upstream.attempts).toEqual([]);
});

const PLACE = 'policies.p.';

test.each([
  [rules('ALLOW', { metadata: { filter: 'x' } }), `${PLACE}permissions[0].metadata`],
  [rules('ALLOW', {}), `${PLACE}permissions[0]`],
  [rules('ALLOW', { any: false }), `${PLACE}permissions[0]`],
  [rules('ALLOW', { andRules: {} }), `${PLACE}permissions[0].and_rules.rules`],
  [rules('ALLOW', { notRule: { matcher: {} } }), `${PLACE}permissions[0].not_rule.matcher`],
  [rules('ALLOW', { header: { stringMatch: { exact: 'a' } } }), 'header.name'],
  [rules('ALLOW', { header: { name: 'a', stringMatch: { safeRegex: { regex: '(' } } } }), 'regex'],
  [rules('ALLOW', { destinationIp: cidr('10.0.0', 8) }), 'destination_ip.address_prefix'],
  [rules('ALLOW', { destinationIp: cidr('10.0.0.0', 33) }), 'destination_ip.prefix_len'],
  [rules('ALLOW', { urlPath: {} }), 'url_path.path'],
  [rules('ALLOW', ANY, { filterState: { key: 'x' } }), `${PLACE}principals[0].filter_state`],
  [rules('ALLOW', ANY, { notId: { metadata: {} } }), `${PLACE}principals[0].not_id.metadata`],
  [rules('ALLOW', ANY, { andIds: { ids: [{}] } }), `${PLACE}principals[0].and_ids.ids[0]`],
  [rules('REFUSE', ANY), 'rules.action'],
  [{ rules: { policies: { p: { permissions: [ANY] } } } }, `${PLACE}principals`],
  [{ rules: { policies: { p: { principals: [ANY] } } } }, `${PLACE}permissions`],
  [
    { rules: { policies: { p: { permissions: [ANY], principals: [ANY], condition: {} } } } },
    'condition',
  ],
  [{ matcher: {} }, 'matcher'],
  [{ shadowMatcher: {} }, 'shadow_matcher'],
  [{ rules: { auditLoggingOptions: {} } }, 'audit_logging_options'],
] as [JsonObject, string][])('refuses %j at %s', async (config, path) => {
  const refused = await hostWith({ config }).catch((error) => error);
  expect(refused).toBeInstanceOf(TestHostError);
  expect(refused.problems[0].origin.path).toContain(path);
});
