import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSymbols } from './read-symbols.ts';
import { readReference, writeReference } from './write-reference.ts';

const root = join(import.meta.dirname, '../assembly');
const files = readReference(root);

test('REFERENCE.md is made from the sources as they are (node sdk/reference/build.ts)', () => {
  expect(readFileSync(join(root, 'REFERENCE.md'), 'utf8')).toBe(writeReference(files));
});

test('every exported symbol has a doc comment', () => {
  const bare = files.flatMap(({ path, symbols }) =>
    symbols
      .filter(({ doc, member }) => doc === '' && !member)
      .map(({ name, line }) => `sdk/assembly/${path}.ts:${line} ${name}`),
  );
  expect(bare).toEqual([]);
});

test('symbols are read with their signatures and comments', () => {
  const source = `/** A thing. */
export class Thing {
  /** Its name. */
  readonly name: string = '';
  private hidden: i32 = 0;

  constructor(
    name: string,
  ) {}

  /**
   * Two
   * lines.
   */
  static make(
    name: string,
    size: i32 = 3,
  ): Thing {
    return new Thing(name);
  }
}

/** A number. */
export const FOUR = 4;

function inner(): void {}
export function bare(): void {}
`;
  expect(readSymbols(source).map(({ name, signature, doc }) => [name, signature, doc])).toEqual([
    ['Thing', 'class Thing', 'A thing.'],
    ['Thing.name', "readonly name: string = ''", 'Its name.'],
    ['Thing.make', 'static make(name: string, size: i32 = 3): Thing', 'Two\nlines.'],
    ['FOUR', 'const FOUR = 4', 'A number.'],
    ['bare', 'function bare(): void', ''],
  ]);
});
