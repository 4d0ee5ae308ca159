import { systemClock } from '@lateen/sdk/base/clock';
import type { JsonObject } from '@lateen/sdk/base/json';
import { silentLog } from '@lateen/sdk/base/log';
import { fail, ok } from '@lateen/sdk/base/result';
import { openRegistry } from '@lateen/sdk/xds/registry';
import { CLUSTER, HTTP_CONNECTION_MANAGER, LISTENER } from '@lateen/sdk/xds/type-urls';
import { afterEach, expect, it } from 'vitest';
import { ThreadMetrics } from '../observe/thread-metrics.ts';
import { readBootstrap } from './bootstrap.ts';
import { dumpConfiguration } from './config-dump.ts';
import { Configuration } from './configuration.ts';
import { parseSource } from './yaml-json.ts';

const registry = openRegistry();
let configuration: Configuration | undefined;
afterEach(() => configuration?.close());

const NO_FLAGS = { serviceNode: undefined, serviceCluster: undefined, serviceZone: undefined };
const YAML = `
static_resources:
  clusters: [{name: fixed}]
  listeners:
  - name: in
    address: {socket_address: {address: 127.0.0.1, port_value: 80}}
    filter_chains:
    - filters:
      - name: h
        typed_config:
          "@type": ${HTTP_CONNECTION_MANAGER}
          stat_prefix: s
          route_config: {name: inline}
`;

/** Each section by its type's last word, checked against the API. */
function sections(bootstrap: Parameters<typeof dumpConfiguration>[0]): Record<string, JsonObject> {
  const dump = dumpConfiguration(bootstrap, configuration!, 0);
  for (const section of dump) expect(registry.normalize(section).faults).toEqual([]);
  return Object.fromEntries(dump.map((s) => [String(s['@type']).split('.').at(-1), s]));
}

it('shows what is in force, what is warming and what was refused', async () => {
  const { bootstrap } = readBootstrap(parseSource(YAML, 'b.yaml').document!, registry, NO_FLAGS);
  configuration = new Configuration({
    bootstrap: bootstrap!,
    registry,
    clock: systemClock,
    random: () => 0,
    log: silentLog,
    metrics: new ThreadMetrics(() => {}),
    apply: async (change) => {
      const bad = change.clusters?.set.get('a')?.['lbPolicy'] === 'MAGLEV';
      const origin = { resource: 'a', path: 'lb_policy' };
      return bad ? fail([{ level: 'error', code: 'LAT0601', message: 'no', origin }]) : ok([]);
    },
  });
  expect(await configuration.start()).toEqual([]);
  const cluster = (version: string, fields: JsonObject) => {
    const json = { '@type': CLUSTER, name: 'a', ...fields };
    return { set: new Map([['a', { json, version }]]), removed: [], whole: false };
  };
  await configuration.onUpdate(CLUSTER, cluster('1', {}));
  await configuration.onUpdate(CLUSTER, cluster('2', { lbPolicy: 'MAGLEV' }));

  const dump = sections(bootstrap!);
  expect(dump['ClustersConfigDump']).toMatchObject({
    versionInfo: '1',
    staticClusters: [{ cluster: { name: 'fixed' } }],
    dynamicActiveClusters: [
      {
        versionInfo: '1',
        cluster: { name: 'a' },
        clientStatus: 'NACKED',
        errorState: {
          versionInfo: '2',
          details: 'a lb_policy error LAT0601 no',
          failedConfiguration: { lbPolicy: 'MAGLEV' },
        },
      },
    ],
  });
  expect(dump['ListenersConfigDump']).toMatchObject({
    staticListeners: [{ listener: { '@type': LISTENER, name: 'in' } }],
    dynamicListeners: [],
  });
  expect(dump['RoutesConfigDump']).toMatchObject({
    staticRouteConfigs: [{ routeConfig: { name: 'inline' } }],
  });
  expect(dump['BootstrapConfigDump']).toMatchObject({ bootstrap: { staticResources: {} } });

  await configuration.onUpdate(CLUSTER, cluster('3', { lbPolicy: 'RANDOM' }));
  expect(sections(bootstrap!)['ClustersConfigDump']).toMatchObject({
    dynamicActiveClusters: [{ versionInfo: '3', clientStatus: 'ACKED' }],
  });
});
