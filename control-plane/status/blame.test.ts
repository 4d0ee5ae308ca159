import type { JsonObject } from '@lateen/sdk/base/json';
import { expect, test } from 'vitest';
import { extensionOf, keyOfConfigPath, makerOf } from './blame.ts';

function made(name: string, line: number): JsonObject {
  const config = `/apis/networking.istio.io/v1/namespaces/default/virtual-service/${name}`;
  return { filterMetadata: { istio: { config }, lateen: { source: `a.yaml:${line}` } } };
}

const ROUTES: JsonObject = {
  name: 'http.80',
  virtualHosts: [
    { name: 'one', routes: [{ metadata: made('a', 1) }, { metadata: made('b', 20) }] },
    { name: 'two', routes: [{ metadata: made('c', 30) }] },
  ],
};

test('a field path leads to the maker of what encloses it, in either spelling', () => {
  const b = { key: 'VirtualService default/b', at: 'a.yaml:20' };
  expect(makerOf(ROUTES, 'http.80: virtualHosts[0].routes[1].match.safeRegex: no')).toEqual(b);
  expect(makerOf(ROUTES, 'virtual_hosts[0].routes[1].match.safe_regex: no')).toEqual(b);
});

test('an index is not mistaken for the beginning of a longer one', () => {
  const routes = Array.from({ length: 12 }, (_, index) => ({ metadata: made(`r${index}`, index) }));
  const json = { virtualHosts: [{ routes }] };
  expect(makerOf(json, 'virtualHosts[0].routes[11]: no')?.key).toBe('VirtualService default/r11');
});

test('a path from inside leads to its maker, another list with the same index does not', () => {
  const json = {
    virtualHosts: [{ routes: [{ metadata: made('a', 1) }, { metadata: made('b', 2) }] }],
  };
  expect(makerOf(json, 'routes[1]: no')?.key).toBe('VirtualService default/b');
  expect(makerOf(json, 'virtualHosts[7].routes[1]: no')).toBeUndefined();
});

test('a refused filter of a listener leads to the extension that fills it', () => {
  const filters = ['first', 'second'].map((name) => ({ name, configDiscovery: { typeUrls: [] } }));
  const httpFilters = [{ name: 'rbac' }, ...filters];
  const listener = { name: 'l', filterChains: [{ filters: [{ typedConfig: { httpFilters } }] }] };
  expect(extensionOf(listener, 'Listener l: http_filters[2]: exports no memory')).toBe('second');
  expect(extensionOf(listener, 'Listener l: http_filters[0]: no')).toBeUndefined();
  expect(extensionOf(listener, 'first: the module traps')).toBe('first');
});

test('without a path only a single maker can be meant', () => {
  expect(makerOf(ROUTES, 'no')).toBeUndefined();
  expect(makerOf({ metadata: made('only', 3) }, 'no')?.key).toBe('VirtualService default/only');
});

test('a config path names kind, namespace and name', () => {
  const path = '/apis/security.istio.io/v1/namespaces/web/authorization-policy/deny';
  expect(keyOfConfigPath(path)).toBe('AuthorizationPolicy web/deny');
  expect(keyOfConfigPath('/api/v1/namespaces/web/service/x')).toBe('Service web/x');
  expect(keyOfConfigPath('nonsense')).toBeUndefined();
});
