import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRegexes, DEFAULT_REGEX_LIMITS } from './regexes.ts';

function compiled(pattern: string): { regexes: ReturnType<typeof createRegexes>; id: number } {
  const regexes = createRegexes();
  const id = regexes.compile(pattern);
  if (typeof id === 'string') throw new Error(id);
  return { regexes, id };
}

function matches(pattern: string, text: string): boolean {
  const { regexes, id } = compiled(pattern);
  const bytes = Buffer.from(`<${text}>`);
  return regexes.fullMatch(id, bytes, 1, bytes.length - 1);
}

test('a pattern matches whole, in the syntax of RE2', () => {
  expect(matches('/api/v[0-9]+/.*', '/api/v1/products')).toBe(true);
  expect(matches('/api', '/api/v1')).toBe(false);
  expect(matches('b', 'abc')).toBe(false);
  expect(matches('(?i)[[:alpha:]]+', 'ABCdef')).toBe(true);
  expect(matches('(?P<who>jason|mary)', 'mary')).toBe(true);
  expect(matches('a|ab', 'ab')).toBe(true);
  expect(matches('\\pL', 'é')).toBe(true);
  expect(matches('', '')).toBe(true);
});

test('what RE2 does not have is refused with a reason', () => {
  const regexes = createRegexes();
  for (const pattern of ['(?=x)', '(a)\\1', '(', 'a**', 'x{1001}', '\\C', '[b-a]']) {
    expect(regexes.compile(pattern)).toMatch(/^(error|compiles)/);
  }
});

test('a pattern is compiled once, and there is an end to how many there are', () => {
  const regexes = createRegexes({ ...DEFAULT_REGEX_LIMITS, patternsMax: 2 });
  expect(regexes.compile('a')).toBe(1);
  expect(regexes.compile('b')).toBe(2);
  expect(regexes.compile('a')).toBe(1);
  expect(regexes.compile('c')).toBe('there are too many patterns');
});

test('a program that would be too large is refused', () => {
  const regexes = createRegexes();
  expect(regexes.compile('(?:a{100}b{100}){9}'.repeat(10))).toContain(
    'more than 10000 instructions',
  );
});

test('an id that nobody has matches nothing', () => {
  const regexes = createRegexes();
  expect(regexes.fullMatch(0, Buffer.from('a'), 0, 1)).toBe(false);
  expect(regexes.fullMatch(77, Buffer.from('a'), 0, 1)).toBe(false);
  expect(regexes.replaceAll(77, 'a', 'b')).toBeNull();
});

test('matches are rewritten with their groups', () => {
  const { regexes, id } = compiled('/user/([^/]+)(/x)?');
  expect(regexes.replaceAll(id, '/user/jo/rest/user/al', '/u-\\1\\2')).toBe('/u-jo/rest/u-al');
  expect(regexes.replaceAll(id, '/user/jo', '$1 \\0 \\\\ \\9')).toBe('$1 /user/jo \\ ');
  expect(regexes.replaceAll(id, 'nothing', '\\1')).toBe('nothing');
});

test('a rewrite that explodes is refused', () => {
  const { regexes, id } = compiled('.');
  expect(regexes.replaceAll(id, 'x'.repeat(10_000), '\\0'.repeat(1000))).toBeNull();
});

test('the patterns that break backtracking engines take linear time', () => {
  const bytes = Buffer.from('a'.repeat(20_000));
  for (const pattern of ['(a+)+b', '(a|aa)+b', '(.*)*b', '(a?){30}a{30}b', '([a-z]+)*!']) {
    const { regexes, id } = compiled(pattern);
    const before = process.cpuUsage();
    expect(regexes.fullMatch(id, bytes, 0, bytes.length)).toBe(false);
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(2000);
  }
});

test('in the syntax that both have, the answer is that of the language itself', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a|b)', '\\d', 'ab');
  const repeat = fc.constantFrom('', '*', '+', '?', '{1,3}');
  const pattern = fc
    .array(fc.tuple(atom, repeat), { maxLength: 5 })
    .map((parts) => parts.flat().join(''));
  const regexes = createRegexes();
  const input = fc.string({ unit: fc.constantFrom('a', 'b', '1', '/'), maxLength: 12 });
  fc.assert(
    fc.property(pattern, input, (source, text) => {
      const id = regexes.compile(source);
      if (typeof id === 'string') throw new Error(id);
      const bytes = Buffer.from(text);
      const expected = new RegExp(`^(?:${source})$`).test(text);
      expect(regexes.fullMatch(id, bytes, 0, bytes.length)).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});
