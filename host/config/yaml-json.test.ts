import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeJson, parseSource } from './yaml-json.ts';

describe('parseSource', () => {
  it('finds each field, by either spelling of its name, or what is nearest around it', () => {
    const { document } = parseSource('a:\n  some_name:\n  - x: 1\n    y: {z: text}\n', 'f');
    const at = (path: (string | number)[], key = false) => {
      const { line, column, length } = document!.locate(path, key);
      return `${line}:${column}+${length}`;
    };
    expect(at(['a', 'someName', 0, 'x'])).toBe('3:8+1');
    expect(at(['a', 'someName', 0, 'x'], true)).toBe('3:5+1');
    expect(at(['a', 'some_name', 0, 'y', 'z'])).toBe('4:12+4');
    expect(at(['a', 'some_name', 0, 'missing', 'deep'])).toBe('3:5+1');
    expect(at(['a', 'some_name'])).toBe('2:3+9');
    expect(at(['nowhere'])).toBe('1:1+1');
  });

  it('never throws, and reads JSON as JSON', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseSource(text, 'f')));
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { document } = parseSource(JSON.stringify(value), 'f');
        expect(JSON.stringify(document?.json)).toBe(JSON.stringify(value));
      }),
    );
  });
});

describe('mergeJson', () => {
  it('merges maps by field, appends lists and replaces everything else', () => {
    const base = { a: { b: 1, c: [1] }, node_id: 'x', e: 1 };
    const over = { a: { c: [2], d: 3 }, nodeId: 'y' };
    expect(mergeJson(base, over)).toEqual({ a: { b: 1, c: [1, 2], d: 3 }, node_id: 'y', e: 1 });
  });
});
