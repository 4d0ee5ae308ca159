import { describe, expect, it } from 'vitest';
import { parseDocuments } from '../api/parse.ts';
import { buildMesh } from './build.ts';
import { policyForPort } from './destination-rules.ts';
import { type Mesh, serviceFor } from './mesh.ts';
import { findSidecar, scopeOf, visibleServices } from './sidecar-scope.ts';

function built(...texts: readonly string[]) {
  const parsed = parseDocuments({ file: 'a.yaml', text: texts.join('\n---\n') });
  expect(parsed.problems.filter((problem) => problem.level === 'error')).toEqual([]);
  return buildMesh(parsed.value.objects);
}
const meshOf = (...texts: readonly string[]): Mesh => built(...texts).value;
const codes = (...texts: readonly string[]) => built(...texts).problems.map(({ code }) => code);

function object(kind: string, name: string, spec: string, namespace = 'default'): string {
  const groups: Readonly<Record<string, string>> = { Service: 'v1' };
  const apiVersion = groups[kind] ?? 'networking.istio.io/v1';
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: ${spec}`;
}
const service = (name: string, spec = '{ports: [{name: http, port: 80}]}', namespace = 'default') =>
  object('Service', name, spec, namespace);
const endpoints = (name: string, subsets: string) =>
  `apiVersion: v1\nkind: Endpoints\nmetadata: {name: ${name}}\nsubsets: ${subsets}`;
const pod = (name: string, labels: string, more = '') =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: ${labels}${more}}\nstatus: {podIP: 10.0.0.${name.length}}`;

describe('the registry', () => {
  it('takes labels, service account and workload of an endpoint from its Pod', () => {
    const owner = ', ownerReferences: [{kind: ReplicaSet, name: reviews-v1-5d8f}]';
    const mesh = meshOf(
      service('reviews'),
      endpoints(
        'reviews',
        '[{addresses: [{ip: 10.1.1.1, targetRef: {kind: Pod, name: p}}], ports: [{port: 9080}]}]',
      ),
      pod('p', '{app: reviews, version: v1}', owner).replace(
        '\nstatus',
        '\nspec: {serviceAccountName: sa}\nstatus',
      ),
    );
    expect(mesh.services[0]?.endpoints).toMatchObject([
      {
        address: '10.1.1.1',
        workload: 'reviews-v1',
        serviceAccount: 'sa',
        labels: { version: 'v1' },
      },
    ]);
    expect(mesh.services[0]?.endpoints[0]?.ports.get('http')).toBe(9080);
  });

  it('keeps endpoints that are not ready, marked', () => {
    const mesh = meshOf(
      service('a'),
      endpoints(
        'a',
        '[{addresses: [{ip: 10.0.0.1}], notReadyAddresses: [{ip: 10.0.0.2}], ports: [{name: http, port: 1}]}]',
      ),
    );
    expect(mesh.services[0]?.endpoints.map((item) => item.healthy)).toEqual([true, false]);
  });

  it('finds workloads by the selector where no Endpoints are listed', () => {
    const entry = object(
      'WorkloadEntry',
      'vm',
      '{address: 192.0.2.1, labels: {app: a}, ports: {http: 8080}}',
    );
    const mesh = meshOf(
      service('a', '{selector: {app: a}, ports: [{name: http, port: 80}]}'),
      entry,
      pod('p', '{app: a}'),
      pod('qq', '{app: b}'),
    );
    const found = mesh.services[0]?.endpoints.map((item) => [item.address, item.ports.get('http')]);
    expect(found).toEqual([
      ['192.0.2.1', 8080],
      ['10.0.0.1', 80],
    ]);
  });

  it('resolves ExternalName services at the proxy', () => {
    const mesh = meshOf(
      service('a', '{type: ExternalName, externalName: example.com, ports: [{port: 80}]}'),
    );
    expect(mesh.services[0]).toMatchObject({
      resolution: 'dns',
      endpoints: [{ address: 'example.com' }],
    });
  });

  it('adds up ServiceEntries with one host, and says where they disagree', () => {
    const entry = (name: string, port: number, address: string) =>
      object(
        'ServiceEntry',
        name,
        `{hosts: [x.example.com], resolution: STATIC, ports: [{number: ${port}, name: http, protocol: HTTP}], endpoints: [{address: ${address}}]}`,
      );
    const { value, problems } = built(
      entry('a', 80, '10.0.0.1'),
      entry('b', 80, '10.0.0.2'),
      entry('c', 81, '10.0.0.3'),
    );
    expect(value.services).toHaveLength(1);
    expect(value.services[0]?.endpoints.map((item) => item.address)).toEqual([
      '10.0.0.1',
      '10.0.0.2',
    ]);
    expect(problems.map(({ code }) => code)).toEqual(['LAT0201']);
  });

  it('answers a host name by the namespace of whoever asks', () => {
    const entry = (namespace: string) =>
      object(
        'ServiceEntry',
        'e',
        `{hosts: [x.example.com], resolution: DNS, exportTo: ["."], ports: [{number: 80, name: http}]}`,
        namespace,
      );
    const mesh = meshOf(entry('one'), entry('two'));
    expect(serviceFor(mesh, 'x.example.com', 'two')?.namespace).toBe('two');
    expect(serviceFor(mesh, 'x.example.com', 'three')).toBeUndefined();
  });

  it.each([
    ['{name: http-web, port: 80}', 'http'],
    ['{name: grpc, port: 80}', 'grpc'],
    ['{name: web, port: 80}', 'auto'],
    ['{name: web, port: 80, appProtocol: kubernetes.io/h2c}', 'http2'],
    ['{name: http, port: 80, appProtocol: tcp}', 'tcp'],
    ['{name: dns, port: 53, protocol: UDP}', 'udp'],
    ['{name: grpc-web, port: 80}', 'http'],
  ])('reads the protocol of %s as %s', (port, protocol) => {
    expect(meshOf(service('a', `{ports: [${port}]}`)).services[0]?.ports[0]?.protocol).toBe(
      protocol,
    );
  });
});

describe('destination rules', () => {
  const rule = (name: string, spec: string, namespace: string) =>
    object('DestinationRule', name, spec, namespace);
  const a = { hostname: 'a.shop.svc.cluster.local', namespace: 'shop' };

  it('are looked for at the client, then at the service, then at the root', () => {
    const mesh = meshOf(
      service('a', '{ports: [{port: 80}]}', 'shop'),
      rule('client', '{host: a.shop.svc.cluster.local}', 'web'),
      rule('service', '{host: a}', 'shop'),
      rule('root', '{host: "*"}', 'istio-system'),
    );
    const found = (namespace: string) =>
      mesh.destinationRules.find(a, namespace)?.rule.metadata.name;
    expect(['web', 'shop', 'other', 'istio-system'].map(found)).toEqual([
      'client',
      'service',
      'service',
      'service',
    ]);
    const other = { hostname: 'b.x.svc.cluster.local', namespace: 'x' };
    expect(mesh.destinationRules.find(other, 'y')?.rule.metadata.name).toBe('root');
  });

  it('give a port its own settings wholesale, and a subset its own field by field', () => {
    const policy =
      '{loadBalancer: {simple: RANDOM}, connectionPool: {tcp: {maxConnections: 7}}, portLevelSettings: [{port: {number: 81}, outlierDetection: {}}]}';
    const mesh = meshOf(
      service('a', '{ports: [{name: http, port: 80}, {name: http-b, port: 81}]}', 'shop'),
      rule(
        'r',
        `{host: a, trafficPolicy: ${policy}, subsets: [{name: s, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}]}`,
        'shop',
      ),
    );
    const merged = mesh.destinationRules.find(a, 'shop');
    expect(policyForPort(merged, undefined, 81)).toEqual({ outlierDetection: {} });
    expect(policyForPort(merged, merged?.subsets[0], 80)).toMatchObject({
      loadBalancer: { simple: 'ROUND_ROBIN' },
      connectionPool: { tcp: { maxConnections: 7 } },
    });
  });
});

describe('sidecar scopes', () => {
  const sidecar = (name: string, spec: string, namespace = 'default') =>
    object('Sidecar', name, spec, namespace);
  const client = { namespace: 'default', labels: { app: 'web' } };

  it('are chosen by selector, then by namespace, then from the root', () => {
    const all = [
      sidecar('root', '{}', 'istio-system'),
      sidecar('local', '{}'),
      sidecar('chosen', '{workloadSelector: {labels: {app: web}}}'),
      sidecar('other', '{workloadSelector: {labels: {app: db}}}'),
    ];
    for (const expected of ['chosen', 'local', 'root']) {
      const mesh = meshOf(...all);
      expect(findSidecar(mesh.of('Sidecar'), client, 'istio-system')?.metadata.name).toBe(expected);
      all.splice(
        all.findIndex((text) => text.includes(`name: ${expected},`)),
        1,
      );
    }
  });

  it('let through what egress names and hold back what it excludes', () => {
    const mesh = meshOf(
      ...['a', 'b'].map((name) => service(name)),
      service('c', '{ports: [{port: 80}]}', 'other'),
      sidecar('s', '{egress: [{hosts: ["./*", "~./b.default.svc.cluster.local"]}]}'),
    );
    const [found] = mesh.of('Sidecar');
    const scope = scopeOf(found, client, mesh.settings);
    expect(visibleServices(mesh.services, client, scope).map((item) => item.name)).toEqual(['a']);
  });

  it('are reported where two want the same workloads', () => {
    expect(codes(sidecar('a', '{}'), sidecar('b', '{}'))).toEqual(['IST0111']);
    const selecting = '{workloadSelector: {labels: {app: web}}}';
    expect(codes(sidecar('a', selecting), sidecar('b', selecting))).toEqual(['IST0110']);
  });
});

describe('findings', () => {
  it('name what only the whole mesh can tell', () => {
    const vs = (spec: string) => object('VirtualService', 'v', spec);
    expect(
      codes(service('a'), vs('{hosts: [a], http: [{route: [{destination: {host: a}}]}]}')),
    ).toEqual([]);
    expect(codes(vs('{hosts: [a], http: [{route: [{destination: {host: a}}]}]}'))).toEqual([
      'IST0101',
    ]);
    expect(codes(object('DestinationRule', 'd', '{host: nowhere}'))).toEqual(['IST0174']);
    expect(codes(service('a', '{ports: [{name: grpc, port: 1}]}'))).toEqual(['LAT0103']);
  });

  it('hold that one mesh has one MeshConfig', () => {
    const config = (name: string, port: number) =>
      `apiVersion: mesh.istio.io/v1alpha1\nkind: MeshConfig\nmetadata: {name: ${name}}\nspec: {proxyHttpPort: ${port}}`;
    const { value, problems } = built(config('b', 2), config('a', 1));
    expect(value.settings.proxyHttpPort).toBe(1);
    expect(problems.map(({ code }) => code)).toEqual(['LAT0202']);
  });

  it('give precedence to the older of two objects', () => {
    const vs = (name: string, time: string) =>
      object(
        'VirtualService',
        name,
        '{hosts: [x.example.com], http: [{directResponse: {status: 200}}]}',
      ).replace('namespace', `creationTimestamp: "${time}", namespace`);
    const { value, problems } = built(
      vs('a', '2026-02-01T00:00:00Z'),
      vs('b', '2026-01-01T00:00:00Z'),
    );
    expect(value.virtualServices.map((item) => item.object.metadata.name)).toEqual(['b', 'a']);
    expect(problems).toMatchObject([
      { code: 'IST0109', origin: { resource: 'VirtualService default/a' } },
    ]);
  });
});
