import { openRegistry } from '@lateen/sdk/xds/registry';
import { expect, test } from 'vitest';
import type { PluginSpec } from '../filter/plugin-pool.ts';
import { takeApart } from './served-parts.ts';

const RETRY = 'type.googleapis.com/envoy.config.route.v3.RetryPolicy';
const FAULT = 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault';
const { types } = openRegistry();

const servedBy = (typeUrl: string): PluginSpec | undefined =>
  [RETRY, FAULT].includes(typeUrl) ? ({ key: typeUrl } as PluginSpec) : undefined;

const fault = { 'envoy.filters.http.fault': { '@type': FAULT, maxActiveFaults: 1 } };

test('every message that a module serves is found with the place that it belongs to', () => {
  const { value, problems } = takeApart(
    {
      name: 'r',
      typedPerFilterConfig: fault,
      virtualHosts: [
        { name: 'a', domains: ['a'], retryPolicy: { retryOn: '5xx' } },
        {
          name: 'b',
          domains: ['b'],
          routes: [
            { match: { prefix: '/' }, route: { cluster: 'c' } },
            {
              match: { prefix: '/' },
              route: { cluster: 'c', retryPolicy: { retryOn: 'reset' } },
              typedPerFilterConfig: fault,
            },
          ],
        },
      ],
    },
    types,
    servedBy,
  );
  expect(problems).toEqual([]);
  const places = value.parts.map((part) => [part.virtualHost, part.route, part.filterName]);
  expect(places).toEqual(
    expect.arrayContaining([
      [-1, -1, 'envoy.filters.http.fault'],
      [0, -1, null],
      [1, 1, null],
      [1, 1, 'envoy.filters.http.fault'],
    ]),
  );
  expect(places.length).toBe(4);
  expect(JSON.parse(value.parts[1].json)['@type']).toBeDefined();
});

test('the same message has the same digest wherever it stands', () => {
  const route = {
    match: { prefix: '/' },
    route: { cluster: 'c', retryPolicy: { retryOn: '5xx' } },
  };
  const { value } = takeApart(
    { name: 'r', virtualHosts: [{ name: 'v', domains: ['*'], routes: [route, route] }] },
    types,
    servedBy,
  );
  expect(value.parts[0].digest).toBe(value.parts[1].digest);
});

test('a filter configuration that no module serves is a problem that names it', () => {
  const perFilter = { lua: { '@type': 'type.googleapis.com/google.protobuf.Struct', value: {} } };
  const { problems } = takeApart(
    { name: 'r', virtualHosts: [{ name: 'v', domains: ['*'], typedPerFilterConfig: perFilter }] },
    types,
    servedBy,
  );
  expect(problems[0].origin.path).toContain('lua');
});

test('a configuration of one weighted cluster is refused: it would count for the whole route', () => {
  const clusters = [{ name: 'c', weight: 1, typedPerFilterConfig: fault }];
  const route = { match: { prefix: '/' }, route: { weightedClusters: { clusters } } };
  const { problems } = takeApart(
    { name: 'r', virtualHosts: [{ name: 'v', domains: ['*'], routes: [route] }] },
    types,
    servedBy,
  );
  expect(problems[0].code).toBe('LAT0314');
});
