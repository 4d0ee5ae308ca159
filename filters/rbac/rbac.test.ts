import { headerOf } from '@lateen/host/testing/memory-message';
import { TestHost, type TestHostOptions } from '@lateen/host/testing/test-host';
import type { JsonObject } from '@lateen/sdk/base/json';
import { expect, test } from 'vitest';
import { bundledModules } from '../bundled-modules.ts';

const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';
const NAME = 'envoy.filters.http.rbac';

async function hostWith(filter: JsonObject, more: Partial<TestHostOptions> = {}) {
  return TestHost.open({
    modules: bundledModules('rbac', 'router'),
    filters: [
      { name: NAME, module: 'rbac', configuration: { '@type': RBAC, ...filter } },
      { name: 'router', module: 'router' },
    ],
    routes: {
      name: 'r',
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }],
        },
      ],
    },
    ...more,
  });
}

const anyone = [{ any: true }];

test('a request that a policy denies is answered and does not go upstream', async () => {
  const host = await hostWith({
    rules: {
      action: 'DENY',
      policies: {
        'ns[default]-policy[no admin]-rule[0]': {
          permissions: [{ urlPath: { path: { prefix: '/admin' } } }],
          principals: anyone,
        },
      },
    },
  });
  const { response, stream } = host.request({ path: '/admin?x' });
  expect(headerOf(response, ':status')).toBe('403');
  expect(response.body.toString()).toBe('RBAC: access denied');
  expect(stream.info.details).toBe(
    'rbac_access_denied_matched_policy[ns[default]-policy[no_admin]-rule[0]]',
  );
  expect(host.upstream.attempts).toEqual([]);
  expect(host.metrics.values.get('rbac.denied')).toBe(1);
  expect(headerOf(host.request({ path: '/' }).response, ':status')).toBe('200');
  expect(host.metrics.values.get('rbac.allowed')).toBe(1);
});
