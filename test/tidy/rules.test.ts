import { expect, test } from 'vitest';
import { measureFunctions } from './functions.ts';
import { findCycles, importsOf } from './imports.ts';
import { forbids } from './rooms.ts';
import type { SourceFile } from './sources.ts';

function fileOf(path: string, text: string): SourceFile {
  return { path, text, lines: text.split('\n') };
}

test.each([
  ['host/net/a.ts', 'host/http/b.ts'],
  ['host/net/a.ts', 'filters/router/router.ts'],
  ['host/newroom/a.ts', 'host/net/b.ts'],
  ['sdk/base/a.ts', 'host/net/b.ts'],
  ['filters/a/assembly/index.ts', 'filters/b/assembly/b.ts'],
  ['filters/a/assembly/index.ts', 'sdk/base/result.ts'],
  ['control-plane/mesh/a.ts', 'control-plane/translate/b.ts'],
  ['control-plane/mesh/a.ts', 'host/net/b.ts'],
  ['control-plane/mesh/a.ts', 'host/testing/b.ts'],
  ['host/net/a.ts', 'test/kit/wait-for.ts'],
  ['test/e2e/a.test.ts', 'host/http/b.ts'],
])('%s may not import %s', (from, to) => {
  expect(forbids(from, to, false)).toBeTypeOf('string');
});

test.each([
  ['host/http/a.ts', 'host/net/b.ts'],
  ['host/http/a.ts', 'sdk/base/result.ts'],
  ['host/main.ts', 'host/admin/b.ts'],
  ['host/net/a.test.ts', 'test/kit/wait-for.ts'],
  ['filters/a/assembly/index.ts', 'sdk/assembly/index.ts'],
  ['filters/a/a.test.ts', 'host/testing/b.ts'],
  ['control-plane/cli/explain.ts', 'host/testing/b.ts'],
  ['host/net/a.ts', 'koffi'],
])('%s may import %s', (from, to) => {
  expect(forbids(from, to, false)).toBeUndefined();
});

test('imports are found over several lines, as types, by package name and dynamically', () => {
  const text = [
    "import type { A } from './a.ts';",
    "import { type B, type C } from './b.ts';",
    'import {\n  d,\n  type E,\n} from "x";'.replaceAll('"', "'"),
    "export { f } from '@lateen/sdk/base/result';",
    `const g = await ${'import'}('../net/g.ts');`,
  ].join('\n');
  const found = importsOf(fileOf('host/http/x.ts', text), new Set(['sdk/base/result.ts']));
  expect(found.map(({ to, typeOnly, line }) => [to, typeOnly, line])).toEqual([
    ['host/http/a.ts', true, 1],
    ['host/http/b.ts', true, 2],
    ['x', false, 3],
    ['sdk/base/result.ts', false, 7],
    ['host/net/g.ts', false, 8],
  ]);
});

test('a circle is found, and one of types alone is none', () => {
  const edge = (from: string, to: string, typeOnly = false) => ({ from, to, typeOnly, line: 1 });
  const circle = [edge('a', 'b'), edge('b', 'c'), edge('c', 'a'), edge('b', 'd')];
  expect(findCycles(circle)).toEqual([['a', 'b', 'c', 'a']]);
  expect(findCycles([edge('a', 'b'), edge('b', 'a', true)])).toEqual([]);
});

test('functions, methods and arrows are measured from head to closing brace', () => {
  const text = [
    'export async function one(a: number): Promise<void> {',
    '  if (a) {',
    '  }',
    '}',
    'class Two {',
    '  async *three(',
    '    b: number,',
    '  ): Step<void> {',
    '    return;',
    '  }',
    '  get #four(): number {',
    '    return 4;',
    '  }',
    '}',
    'const five = (c: number): number => {',
    '  return c;',
    '};',
    "test('six', () => {",
    '  x();',
    '  y();',
    '});',
  ].join('\n');
  const lengths = measureFunctions(fileOf('x.ts', text)).map(({ line, length }) => [line, length]);
  expect(lengths).toEqual([
    [1, 4],
    [8, 3],
    [11, 3],
    [15, 3],
    [18, 4],
  ]);
});
