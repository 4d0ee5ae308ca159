import { expect, test } from 'vitest';
import { checkPlugins } from './check.ts';
import { keyPair } from './signature/testing/key-pair.ts';
import { block, objectOf, pluginObject } from './testing/pipeline-fixture.ts';

test('a plugin in order has no problems, wherever its module is', () => {
  const { publicPem } = keyPair();
  const urls = [
    'r.example/f:v1',
    'oci://r.example/f',
    'https://r.example/F.wasm',
    'file:///F.wasm',
  ];
  const plugins = urls.map((url) =>
    pluginObject(`url: ${url}`, block('verificationKey', publicPem)),
  );
  expect(checkPlugins(plugins)).toEqual([]);
});

test.each([
  ['url: r.example/Filter:v1', 'LAT0408', 5],
  ['verificationKey: hello', 'LAT0410', 6],
])('%s is told at its line', (line, code, at) => {
  const lines = line.startsWith('url') ? [line] : ['url: r.example/f:v1', line];
  expect(checkPlugins([pluginObject(...lines)])).toMatchObject([
    { level: 'error', code, origin: { file: 'p.yaml', line: at } },
  ]);
});

test('a secret of the wrong kind is an error, one that is elsewhere a warning', () => {
  const plugin = pluginObject('url: r.example/f:v1', 'imagePullSecret: pull');
  expect(checkPlugins([plugin])).toMatchObject([
    { level: 'warning', code: 'LAT0409', origin: { line: 6 } },
  ]);
  const secret = objectOf('{apiVersion: v1, kind: Secret, metadata: {name: pull}, type: Opaque}');
  expect(checkPlugins([plugin, secret])).toMatchObject([{ level: 'error', code: 'LAT0409' }]);
});

test('a fault inside a TrafficExtension is told at its line too', () => {
  const head =
    'apiVersion: extensions.istio.io/v1alpha1\nkind: TrafficExtension\nmetadata: {name: t}';
  const extension = objectOf(`${head}\nspec:\n  wasm:\n    url: r.example/F\n`);
  expect(checkPlugins([extension])).toMatchObject([{ code: 'LAT0408', origin: { line: 6 } }]);
});
