import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '@lateen/sdk/base/json';
import { openRegistry } from '@lateen/sdk/xds/registry';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocuments } from '../api/parse.ts';
import { buildMesh } from '../mesh/build.ts';
import { type ProxyNode, parseNode } from './node.ts';
import { proxySettings } from './proxy-settings.ts';
import type { ProxySnapshot } from './snapshot.ts';
import { translateFor } from './translate.ts';

const GOLDEN = join(import.meta.dirname, '../../test/golden');
const REGISTRY = openRegistry();

function node(type: 'sidecar' | 'router', labels: Readonly<Record<string, string>>): ProxyNode {
  const parsed = parseNode({
    id: `${type}~127.0.0.1~a.default~default.svc.cluster.local`,
    metadata: { LABELS: labels, HTTP_PROXY_PORT: '15007' },
  });
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

const NODES = [node('sidecar', { app: 'reviews' }), node('router', { istio: 'ingressgateway' })];

function objectsOf(text: string) {
  return parseDocuments({ file: 'a.yaml', text }).value.objects;
}

function snapshots(objects: ReturnType<typeof objectsOf>): readonly ProxySnapshot[] {
  const mesh = buildMesh(objects).value;
  return NODES.map((item) => translateFor(item, mesh, new Map()).value);
}

/** Faults that Envoy's own rules find in anything that was generated. */
function refusals(all: readonly ProxySnapshot[]): readonly string[] {
  const faults: string[] = [];
  for (const snapshot of all) {
    for (const resources of Object.values(snapshot) as ReadonlyMap<string, JsonObject>[]) {
      for (const [name, json] of resources) {
        const encoded = REGISTRY.encode(json, name);
        if (!encoded.ok) faults.push(`${name}: ${encoded.error.message}`);
      }
    }
  }
  return faults;
}

/** Bytes on the wire follow the order of insertion, so plain text is compared. */
function asText(all: readonly ProxySnapshot[]): string {
  return JSON.stringify(
    all.map((item) => Object.values(item).map((map) => [...(map as Map<string, unknown>)].sort())),
  );
}

describe('translation', () => {
  it('does not depend on the order in which resources are read', () => {
    const texts = globSync('*/*.yaml', { cwd: GOLDEN })
      .filter((name) => !name.startsWith('problems/'))
      .map((name) => readFileSync(join(GOLDEN, name), 'utf8').split(/^-{10,}$/m)[0] ?? '');
    const objects = texts.flatMap(objectsOf);
    const named = new Map(
      objects.map((item) => [
        `${item.kind} ${item.metadata.namespace}/${item.metadata.name}`,
        item,
      ]),
    );
    const unique = [...named.values()];
    const expected = asText(snapshots(unique));
    const shuffled = fc.shuffledSubarray(unique, { minLength: unique.length });
    fc.assert(
      fc.property(shuffled, (order) => {
        expect(asText(snapshots(order)) === expected).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('makes nothing that Envoy refuses of anything that the schema takes', () => {
    let taken = 0;
    fc.assert(
      fc.property(virtualService, gatewayServers, (spec, servers) => {
        const text = [
          object('networking.istio.io/v1', 'VirtualService', spec),
          object('networking.istio.io/v1', 'Gateway', { servers }),
          object('v1', 'Service', { ports: [{ name: 'http', port: 80 }] }),
        ].join('\n---\n');
        const objects = objectsOf(text);
        taken += objects.filter((item) => item.kind === 'VirtualService').length;
        expect(refusals(snapshots(objects))).toEqual([]);
      }),
      { numRuns: 400 },
    );
    expect(taken).toBeGreaterThan(20);
  });

  it('makes nothing that Envoy refuses of any policy that the schema takes', () => {
    let taken = 0;
    fc.assert(
      fc.property(authorizationPolicy, (spec) => {
        const objects = objectsOf(object('security.istio.io/v1', 'AuthorizationPolicy', spec));
        taken += objects.length;
        const sidecar = object('networking.istio.io/v1', 'Sidecar', {
          ingress: [{ port: { number: 9080 }, captureMode: 'NONE' }],
        });
        expect(refusals(snapshots([...objects, ...objectsOf(sidecar)]))).toEqual([]);
      }),
      { numRuns: 200 },
    );
    expect(taken).toBeGreaterThan(20);
  });
});

describe('the settings of a proxy', () => {
  it('come from the ProxyConfig that is nearest, field by field', () => {
    const config = (namespace: string, spec: string): string =>
      `apiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: {name: a, namespace: ${namespace}}\nspec: ${spec}`;
    const text = [
      config('istio-system', '{concurrency: 4, environmentVariables: {A: "1", B: "1"}}'),
      config('default', '{environmentVariables: {B: "2"}}'),
      config('default', '{selector: {matchLabels: {app: x}}, concurrency: 1}').replace(
        'name: a',
        'name: b',
      ),
    ].join('\n---\n');
    const mesh = buildMesh(objectsOf(text)).value;
    const of = (namespace: string, labels = {}) => proxySettings(mesh, { namespace, labels });
    expect(of('default', { app: 'x' })).toEqual({
      concurrency: 1,
      environment: { A: '1', B: '2' },
    });
    expect(of('default')).toEqual({ concurrency: 4, environment: { A: '1', B: '2' } });
    expect(of('other')).toEqual({ concurrency: 4, environment: { A: '1', B: '1' } });
    expect(proxySettings(buildMesh([]).value, { namespace: 'a', labels: {} }).concurrency).toBe(0);
  });
});

function object(apiVersion: string, kind: string, spec: unknown): string {
  return JSON.stringify({ apiVersion, kind, metadata: { name: 'a' }, spec });
}

const word = fc.oneof(
  fc.constantFrom(
    'a',
    '',
    '*',
    '/',
    'x-y',
    'GET',
    '5xx',
    '%REQ(a)%',
    '100%',
    '(',
    '[a-z]+',
    ':path',
    '*.b',
  ),
  fc.string({ maxLength: 6 }),
);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const map = <T>(value: fc.Arbitrary<T>) => fc.dictionary(word, value, { maxKeys: 2 });
const match = fc.oneof(
  fc.record({ exact: word }),
  fc.record({ prefix: word }),
  fc.record({ regex: word }),
  fc.constant({}),
);
const duration = fc.constantFrom('0s', '1ms', '10s', '1h');
const percentage = maybe(fc.record({ value: fc.double({ min: 0, max: 100, noNaN: true }) }));
const changes = maybe(
  fc.record({
    request: fc.record({
      set: map(word),
      add: map(word),
      remove: fc.array(word, { maxLength: 2 }),
    }),
  }),
);
const destination = fc.record({
  host: fc.constantFrom('a', 'b', 'a.b.c', '*'),
  subset: maybe(word),
  port: maybe(fc.record({ number: fc.constantFrom(80, 0, 70_000) })),
});

const httpRoute = fc
  .record({
    name: maybe(word),
    match: maybe(
      fc.array(
        fc.record({
          uri: maybe(match),
          method: maybe(match),
          headers: maybe(map(match)),
          withoutHeaders: maybe(map(match)),
          queryParams: maybe(map(match)),
          ignoreUriCase: maybe(fc.boolean()),
        }),
        { maxLength: 3 },
      ),
    ),
    action: fc.oneof(
      fc.record({
        route: fc.array(
          fc.record({ destination, weight: maybe(fc.nat(2 ** 31 - 1)), headers: changes }),
          { minLength: 1, maxLength: 3 },
        ),
      }),
      fc.record({
        redirect: fc.record({
          uri: maybe(word),
          authority: maybe(word),
          scheme: maybe(fc.constantFrom('http', 'https', 'x')),
          redirectCode: maybe(fc.constantFrom(301, 302, 307)),
        }),
      }),
      fc.record({
        directResponse: fc.record({
          status: fc.integer({ min: 100, max: 700 }),
          body: maybe(fc.record({ string: word })),
        }),
      }),
    ),
    rewrite: maybe(fc.record({ uri: maybe(word), authority: maybe(word) })),
    timeout: maybe(duration),
    retries: maybe(
      fc.record({ attempts: fc.nat(3), perTryTimeout: maybe(duration), retryOn: maybe(word) }),
    ),
    fault: maybe(
      fc.record({
        delay: maybe(fc.record({ percentage, fixedDelay: duration })),
        abort: maybe(fc.record({ percentage, httpStatus: fc.integer({ min: 100, max: 700 }) })),
      }),
    ),
    headers: changes,
  })
  .map(({ action, ...rest }) => ({ ...rest, ...action }));

const virtualService = fc.record({
  hosts: fc.array(fc.constantFrom('a', 'b', '*', '*.c', 'A.b'), { minLength: 1, maxLength: 3 }),
  gateways: maybe(fc.constantFrom(['a'], ['a', 'mesh'], ['mesh'])),
  http: fc.array(httpRoute, { maxLength: 3 }),
});

const gatewayServers = fc.array(
  fc.record({
    port: fc.constant({ number: 80, name: 'http', protocol: 'HTTP' }),
    hosts: fc.array(fc.constantFrom('*', '*.c', 'a', './b'), { minLength: 1, maxLength: 2 }),
  }),
  { maxLength: 2 },
);

const values = maybe(fc.array(word, { minLength: 1, maxLength: 2 }));
const addresses = maybe(
  fc.array(fc.constantFrom('10.0.0.0/8', '::1', 'x'), { minLength: 1, maxLength: 2 }),
);
const ports = maybe(fc.array(fc.constantFrom('80', '0', 'x'), { minLength: 1, maxLength: 2 }));
const authorizationPolicy = fc.record({
  action: maybe(fc.constantFrom('ALLOW', 'DENY', 'AUDIT')),
  rules: maybe(
    fc.array(
      fc.record({
        from: maybe(
          fc.array(
            fc.record({ source: fc.record({ ipBlocks: addresses, notRemoteIpBlocks: addresses }) }),
            { minLength: 1, maxLength: 2 },
          ),
        ),
        to: maybe(
          fc.array(
            fc.record({
              operation: fc.record({ hosts: values, notMethods: values, paths: values, ports }),
            }),
            { minLength: 1, maxLength: 2 },
          ),
        ),
        when: maybe(
          fc.array(
            fc.record({
              key: fc.constantFrom('request.headers[x]', 'source.ip', 'destination.port'),
              values: fc.array(fc.constantFrom('80', '10.0.0.1', 'x*'), {
                minLength: 1,
                maxLength: 1,
              }),
            }),
            { minLength: 1, maxLength: 1 },
          ),
        ),
      }),
      { maxLength: 2 },
    ),
  ),
});
