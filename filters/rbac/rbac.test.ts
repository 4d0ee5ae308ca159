import { TestHostError } from '@lateen/host/testing/test-host';
import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { expect, test } from 'vitest';
import { ANY, naming, openRbac, permitting } from './testing/open-rbac.ts';

const ADMIN = { urlPath: { path: { prefix: '/admin' } } };
const PUBLIC = { urlPath: { path: { prefix: '/public' } } };

test('a request that a policy denies is answered and does not go upstream', async () => {
  const { ask, host } = await openRbac({
    filter: {
      rules: {
        action: 'DENY',
        policies: { 'ns[a]-policy[no admin]-rule[0]': { permissions: [ADMIN], principals: ANY } },
      },
    },
  });
  expect(ask({ path: '/admin?x' })).toEqual({
    status: '403',
    body: 'RBAC: access denied',
    details: 'rbac_access_denied_matched_policy[ns[a]-policy[no_admin]-rule[0]]',
    sent: false,
  });
  expect(ask({ path: '/' })).toMatchObject({ status: '200', sent: true });
  expect(host.metrics.values.get('rbac.denied')).toBe(1);
  expect(host.metrics.values.get('rbac.allowed')).toBe(1);
  expect(host.log.lines.some((line) => line.includes('ns[a]-policy[no admin]-rule[0]'))).toBe(true);
});

test('a request that no policy allows is denied, and so is everything where there is none', async () => {
  const some = await openRbac({ filter: { rules: permitting('ALLOW', ADMIN, PUBLIC) } });
  expect(some.allows({ path: '/public/x' })).toBe(true);
  expect(some.ask({ path: '/' })).toMatchObject({
    status: '403',
    details: 'rbac_access_denied_matched_policy[none]',
  });
  for (const rules of [{}, { action: 'ALLOW', policies: {} }]) {
    expect((await openRbac({ filter: { rules } })).allows()).toBe(false);
  }
});

test('without rules everything passes, and nothing is counted', async () => {
  const { allows, host } = await openRbac({});
  expect(allows({ path: '/admin' })).toBe(true);
  expect([...host.metrics.values.keys()].filter((name) => name.startsWith('rbac'))).toEqual([]);
});

test('rules that deny nothing let everything pass', async () => {
  expect((await openRbac({ filter: { rules: { action: 'DENY' } } })).allows()).toBe(true);
});

test('rules that only log never deny', async () => {
  const { allows, host } = await openRbac({ filter: { rules: permitting('LOG', ADMIN) } });
  expect(allows({ path: '/admin' })).toBe(true);
  expect(allows({ path: '/' })).toBe(true);
  expect(host.metrics.values.get('rbac.allowed')).toBe(2);
});

test('the first policy by name that matches is the one that is told', async () => {
  const rules = permitting('DENY', PUBLIC, ADMIN, { any: true });
  const turned = Object.fromEntries(Object.entries(rules['policies'] as JsonObject).reverse());
  const { ask } = await openRbac({ filter: { rules: { ...rules, policies: turned } } });
  expect(ask({ path: '/admin' }).details).toBe('rbac_access_denied_matched_policy[p1]');
});

test('shadow rules are counted and logged, and decide nothing', async () => {
  const { allows, host } = await openRbac({
    filter: {
      shadowRules: permitting('DENY', ADMIN),
      shadowRulesStatPrefix: 'istio_dry_run_deny_',
    },
  });
  expect(allows({ path: '/admin' })).toBe(true);
  expect(allows({ path: '/' })).toBe(true);
  expect(host.metrics.values.get('rbac.istio_dry_run_deny_shadow_denied')).toBe(1);
  expect(host.metrics.values.get('rbac.istio_dry_run_deny_shadow_allowed')).toBe(1);
  expect(host.log.lines.some((line) => /would deny the request, policy p0/.test(line))).toBe(true);
});

test('shadow rules do not soften the rules beside them', async () => {
  const { allows } = await openRbac({
    filter: { rules: permitting('DENY', ADMIN), shadowRules: permitting('ALLOW', ADMIN) },
  });
  expect(allows({ path: '/admin' })).toBe(false);
  expect(allows({ path: '/' })).toBe(true);
});

test('policies are counted apart where that is asked', async () => {
  const { allows, host } = await openRbac({
    filter: {
      rules: permitting('DENY', PUBLIC, ADMIN),
      shadowRules: permitting('ALLOW', ADMIN),
      rulesStatPrefix: 'x_',
      trackPerRuleStats: true,
    },
  });
  allows({ path: '/admin' });
  const { values } = host.metrics;
  expect(values.get('rbac.x_policy.p1.denied')).toBe(1);
  expect(values.get('rbac.policy.p0.shadow_allowed')).toBe(1);
  expect(values.get('rbac.x_denied')).toBe(1);
  expect(values.has('rbac.x_policy.p0.denied')).toBe(false);
});

test("a route's policies take the place of the filter's, and an empty message switches it off", async () => {
  const filter = { rules: permitting('DENY', { any: true }) };
  const route = { rbac: { rules: permitting('DENY', { header: { name: 'x-no' } }) } };
  const own = await openRbac({ filter, route });
  expect(own.allows({ path: '/route' })).toBe(true);
  expect(own.allows({ path: '/route', headers: [['x-no', '']] })).toBe(false);
  expect(own.allows({ path: '/' })).toBe(false);
  const off = await openRbac({ filter, route: {} });
  expect(off.allows({ path: '/route' })).toBe(true);
  const closed = await openRbac({ route: { rbac: { rules: {} } }, virtualHost: {} });
  expect(closed.allows({ path: '/route' })).toBe(false);
  expect(closed.allows({ path: '/' })).toBe(true);
});

test('permissions and principals both have to match, one of each', async () => {
  const policy = {
    permissions: [ADMIN, PUBLIC],
    principals: [{ header: { name: 'a' } }, { header: { name: 'b' } }],
  };
  const { allows } = await openRbac({ filter: { rules: { policies: { policy } } } });
  expect(allows({ path: '/admin', headers: [['b', '1']] })).toBe(true);
  expect(allows({ path: '/public', headers: [['a', '1']] })).toBe(true);
  expect(allows({ path: '/public' })).toBe(false);
  expect(allows({ path: '/', headers: [['a', '1']] })).toBe(false);
});

test('rules are put together by and, or and not', async () => {
  const not = (rule: Json) => ({ notRule: rule });
  const permissions = await openRbac({
    filter: {
      rules: permitting('ALLOW', {
        andRules: {
          rules: [PUBLIC, { orRules: { rules: [{ header: { name: 'a' } }, not(ADMIN)] } }],
        },
      }),
    },
  });
  expect(permissions.allows({ path: '/public' })).toBe(true);
  expect(permissions.allows({ path: '/admin', headers: [['a', '']] })).toBe(false);
  const principals = await openRbac({
    filter: {
      rules: naming('ALLOW', {
        andIds: {
          ids: [
            { notId: { header: { name: 'a' } } },
            { orIds: { ids: [{ header: { name: 'b' } }, PUBLIC] } },
          ],
        },
      }),
    },
  });
  expect(principals.allows({ headers: [['b', '']] })).toBe(true);
  expect(principals.allows({ path: '/public' })).toBe(true);
  expect(
    principals.allows({
      headers: [
        ['a', ''],
        ['b', ''],
      ],
    }),
  ).toBe(false);
});

test('a gRPC call that is denied ends with PERMISSION_DENIED', async () => {
  const { host } = await openRbac({ filter: { rules: {} } });
  const { response } = host.request({ headers: [['content-type', 'application/grpc']] });
  expect(Object.fromEntries(response.headers)).toMatchObject({
    ':status': '200',
    'grpc-status': '7',
  });
});

const permission = (rule: Json) => ({ rules: permitting('DENY', rule) });
const principal = (id: Json) => ({ rules: naming('DENY', id) });
const P0 = 'rules.policies.p0';

test.each<[JsonObject, string]>([
  [permission({ metadata: { filter: 'x' } }), `${P0}.permissions[0].metadata`],
  [permission({ sourcedMetadata: {} }), `${P0}.permissions[0].sourced_metadata`],
  [permission({ matcher: { name: 'x' } }), `${P0}.permissions[0].matcher`],
  [permission({ uriTemplate: { name: 'x' } }), `${P0}.permissions[0].uri_template`],
  [permission({ notRule: { metadata: {} } }), `${P0}.permissions[0].not_rule.metadata`],
  [permission({}), `${P0}.permissions[0]`],
  [permission({ any: false }), `${P0}.permissions[0].any`],
  [permission({ andRules: { rules: [] } }), `${P0}.permissions[0].and_rules.rules`],
  [permission({ orRules: {} }), `${P0}.permissions[0].or_rules.rules`],
  [permission({ destinationPortRange: { start: 2, end: 2 } }), 'destination_port_range.end'],
  [permission({ destinationIp: { addressPrefix: 'x' } }), 'destination_ip.address_prefix'],
  [permission({ urlPath: { path: {} } }), 'url_path.path'],
  [permission({ urlPath: { path: { safeRegex: { regex: '(' } } } }), 'path.safe_regex.regex'],
  [permission({ requestedServerName: { custom: {} } }), 'requested_server_name.custom'],
  [permission({ header: { stringMatch: { exact: 'x' } } }), 'header.name'],
  [permission({ header: { name: 'x', newMatch: {} } }), 'header.new_match'],
  [principal({ metadata: {} }), `${P0}.principals[0].metadata`],
  [principal({ filterState: { key: 'x' } }), `${P0}.principals[0].filter_state`],
  [principal({ custom: {} }), `${P0}.principals[0].custom`],
  [principal({ remoteIp: { addressPrefix: '10.0.0.0', prefixLen: 33 } }), 'remote_ip.prefix_len'],
  [principal({ sourceIp: { addressPrefix: '::ffff:1.2.3.4', prefixLen: 32 } }), 'prefix_len'],
  [principal({ authenticated: { principalName: {} } }), 'authenticated.principal_name'],
  [{ rules: { policies: { p0: { permissions: [], principals: ANY } } } }, `${P0}.permissions`],
  [{ rules: { policies: { p0: { permissions: ANY } } } }, `${P0}.principals`],
  [
    { rules: { policies: { p0: { permissions: ANY, principals: ANY, condition: {} } } } },
    `${P0}.condition`,
  ],
  [{ rules: { action: 'PERHAPS' } }, 'rules.action'],
  [{ rules: { auditLoggingOptions: {} } }, 'rules.audit_logging_options'],
  [{ matcher: {} }, 'matcher'],
  [{ shadowMatcher: {} }, 'shadow_matcher'],
  [
    { shadowRules: permitting('DENY', { metadata: {} }) },
    'shadow_rules.policies.p0.permissions[0]',
  ],
])('refuses %j and names the field', async (filter, path) => {
  const refused = await openRbac({ filter }).catch((error) => error);
  expect(refused).toBeInstanceOf(TestHostError);
  expect(refused.problems[0].origin.path).toContain(path);
});

test('refuses what it cannot honour in the configuration of a route too', async () => {
  const rbac = permission({ metadata: {} });
  const refused = await openRbac({ route: { rbac } }).catch((error) => error);
  expect(refused).toBeInstanceOf(TestHostError);
  expect(JSON.stringify(refused.problems)).toContain('metadata');
});
