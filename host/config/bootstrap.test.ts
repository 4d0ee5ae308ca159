import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatProblem } from '@lateen/sdk/base/problem';
import { openRegistry } from '@lateen/sdk/xds/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReadBootstrap } from './bootstrap.ts';
import { loadBootstrap } from './load-bootstrap.ts';

const registry = openRegistry();
const fixtures = join(import.meta.dirname, 'fixtures');
const NO_FLAGS = { serviceNode: undefined, serviceCluster: undefined, serviceZone: undefined };

function load(file: string, configYaml?: string): ReadBootstrap {
  return loadBootstrap({ ...NO_FLAGS, configPath: join(fixtures, file), configYaml }, registry);
}

describe('loadBootstrap', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'lateen-bootstrap-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  function loadText(text: string): ReadBootstrap {
    const configPath = join(dir, 'b.yaml');
    writeFileSync(configPath, text);
    return loadBootstrap({ ...NO_FLAGS, configPath, configYaml: undefined }, registry);
  }

  /** The problems, with the folder's name taken out. */
  function complaints(text: string): readonly string[] {
    const { bootstrap, problems } = loadText(text);
    expect(bootstrap).toBe(null);
    return problems.map((problem) => formatProblem(problem).replaceAll(`${dir}/`, ''));
  }

  it("reads a front proxy's YAML in Envoy's own spelling", () => {
    const { bootstrap, problems } = load('front-proxy.yaml');
    expect(problems).toMatchObject([{ level: 'warning', origin: { path: 'layeredRuntime' } }]);
    expect([...bootstrap!.clusters.keys()]).toEqual(['service1', 'service2']);
    expect(bootstrap!.clusters.get('service1')).toMatchObject({
      '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
      connectTimeout: '0.250s',
      type: 'STRICT_DNS',
    });
    expect([...bootstrap!.listeners.keys()]).toEqual(['listeners[0]']);
    expect(bootstrap!.admin).toEqual({
      address: '0.0.0.0',
      port: 9901,
      accessLogPath: '/dev/null',
    });
  });

  it('refuses inline routes to clusters that do not stand in the file, unless told not to', () => {
    const text = (validate: string, cds = '') => `
static_resources:
  listeners:
  - name: l
    address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s
          route_config:
            ${validate}
            virtual_hosts:
            - name: v
              domains: ["*"]
              routes:
              - { match: { prefix: /a }, route: { cluster: orgin } }
              - match: { prefix: / }
                route: { weighted_clusters: { clusters: [{ name: origin, weight: 1 }, { name: far, weight: 1 }] } }
  clusters: [{ name: origin, connect_timeout: 1s }]
${cds}`;
    expect(complaints(text('name: r'))).toEqual([
      expect.stringMatching(
        /^b\.yaml:18:51 .*LAT0201 there is no cluster orgin; did you mean origin\?/,
      ),
      expect.stringMatching(/^b\.yaml:20:89 .*LAT0201 there is no cluster far/),
    ]);
    expect(loadText(text('validate_clusters: false')).problems).toEqual([]);
    const dynamic = 'dynamic_resources: { cds_config: { path_config_source: { path: /nowhere } } }';
    expect(loadText(text('name: r', dynamic)).problems).toEqual([]);
  });

  it('reads JSON with JSON names', () => {
    const { bootstrap, problems } = load('json-edge.json');
    expect(problems).toEqual([]);
    expect([...bootstrap!.listeners.keys()]).toEqual(['edge']);
    expect(bootstrap!.admin).toMatchObject({ port: 9901, accessLogPath: '/dev/null' });
  });

  it('knows the parts of larger configurations, whether or not something serves them', () => {
    const { bootstrap, problems } = load('edge-tls.yaml');
    expect(problems.map(({ level, origin }) => [level, origin.path])).toEqual([
      ['warning', 'overloadManager'],
    ]);
    expect([...bootstrap!.listeners.keys()]).toEqual(['listener_https']);
    expect(JSON.stringify(bootstrap!.json)).toContain('"issuer":"https://example.com"');
  });

  it('reads where the management server is and how to speak to it', () => {
    const { bootstrap, problems } = load('ads.yaml');
    expect(problems).toEqual([]);
    expect(bootstrap!.dynamic).toEqual({
      ads: {
        dialect: 'delta',
        clusterName: 'xds-grpc',
        target: '',
        metadata: [['authorization', 'Bearer abc']],
      },
      lds: { kind: 'ads', initialFetchTimeoutMs: 0 },
      cds: { kind: 'ads', initialFetchTimeoutMs: 0 },
    });
    expect(bootstrap!.node).toMatchObject({ cluster: 'reviews.default' });
  });

  it('merges --config-yaml over the file, and flags over both', () => {
    const flags = { serviceNode: 'n', serviceCluster: undefined, serviceZone: 'z9' };
    const configPath = join(fixtures, 'ads.yaml');
    const configYaml =
      '{node: {cluster: other}, admin: {address: {socket_address: {port_value: 7}}}}';
    const { bootstrap } = loadBootstrap({ ...flags, configPath, configYaml }, registry);
    expect(bootstrap!.node).toMatchObject({
      id: 'n',
      cluster: 'other',
      locality: { region: 'r1', zone: 'z9' },
    });
    expect(bootstrap!.admin).toMatchObject({ address: '127.0.0.1', port: 7 });
  });

  it('points at a misspelt field and says what was meant', () => {
    const text = 'static_resources:\n  clusters:\n  - name: a\n    connect_timeot: 1s\n';
    expect(complaints(text)).toEqual([
      [
        'b.yaml:4:5 error LAT0606 Cluster has no field connect_timeot',
        '  4 |     connect_timeot: 1s',
        '          ^^^^^^^^^^^^^^',
        '  fix: did you mean connect_timeout?',
      ].join('\n'),
    ]);
  });

  it('points at a value of the wrong type, and at what breaks a rule', () => {
    const [mistyped] = complaints('admin: {address: {socket_address: {address: 7}}}');
    expect(mistyped).toContain('b.yaml:1:45 ');
    expect(mistyped).toContain('expected a string, found 7');
    const [missing] = complaints('static_resources:\n  clusters:\n  - connect_timeout: 1s\n');
    expect(missing).toContain('LAT0605 value length must be at least 1 characters');
    expect(missing).toMatch(/^b.yaml:[23]:\d+ error /);
    const port = 'admin: {address: {socket_address: {address: a, port_value: 70000}}}';
    expect(complaints(port)[0]).toContain('b.yaml:1:60 ');
  });

  it('points into typed configurations', () => {
    const hcm =
      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
    const filter = `{name: h, typed_config: {"@type": ${hcm}, stat_prefx: x}}`;
    const [problem] = complaints(
      `static_resources:\n  listeners:\n  - filter_chains:\n    - filters:\n      - ${filter}\n`,
    );
    expect(problem).toContain('no field stat_prefx');
    expect(problem).toContain('did you mean stat_prefix?');
    expect(problem).toMatch(/^b.yaml:5:\d+ /);
  });

  it('refuses broken YAML, duplicate keys, alias bombs and files that are not there', () => {
    expect(complaints('a: [1, 2')[0]).toMatch(/^b.yaml:1:\d+ error LAT0101 /);
    expect(complaints('node: {}\nnode: {}')[0]).toContain('b.yaml:2:1 error LAT0101 Map keys must');
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
    for (const [of, name] of ['ab', 'bc', 'cd', 'de'])
      bomb.push(`${name}: &${name} [${`*${of},`.repeat(9)}*${of}]`);
    expect(complaints(bomb.join('\n'))[0]).toContain('aliases expand');
    const missing = load('none.yaml');
    expect(missing.problems).toMatchObject([{ code: 'LAT0100', message: 'there is no such file' }]);
    expect(complaints('')[0]).toContain('LAT0102');
  });

  it('refuses two clusters of one name and a management server that is no cluster', () => {
    const twice = 'static_resources:\n  clusters:\n  - name: a\n  - name: a\n';
    expect(complaints(twice)[0]).toContain('b.yaml:4:5 ');
    const source =
      'dynamic_resources: {ads_config: {api_type: GRPC, grpc_services: [{envoy_grpc: {cluster_name: x}}]}}';
    expect(complaints(source)[0]).toContain('LAT0201 there is no static cluster x');
    expect(complaints('dynamic_resources: {cds_config: {ads: {}}}')[0]).toContain('no ads_config');
  });

  it('never throws, whatever the file holds', () => {
    const texts = [
      '- a',
      '"text"',
      '&a *a',
      '? {a: b} : c',
      '!!binary x',
      '\u0000',
      '%YAML 9.9\n---\n',
    ];
    for (const text of texts) expect(loadText(text).bootstrap).toBe(null);
  });
});
