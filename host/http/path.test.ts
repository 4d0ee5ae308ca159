import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalizeAuthority } from './authority.ts';
import { HeaderMap, headerName } from './header-map.ts';
import { normalizePath, PATH_NORMALIZATIONS, type PathOptions } from './path.ts';

const PATH = headerName(':path');
const AUTHORITY = headerName(':authority');
const { NONE, BASE, MERGE_SLASHES, DECODE_AND_MERGE_SLASHES } = PATH_NORMALIZATIONS;

/** The normal form, or what became of the path instead. */
function normal(path: string, options: PathOptions): string {
  const map = HeaderMap.fromPairs([[':path', path]]);
  const verdict = normalizePath(map, options);
  if (verdict === 'unchanged') {
    expect(map.get(PATH)).toBe(path);
    expect(map.editedNames).toBe(0);
  }
  const text = map.get(PATH) ?? '';
  if (verdict === 'redirect') return `-> ${text}`;
  return verdict === 'refused' ? 'refused' : text;
}

describe('BASE', () => {
  test.each([
    ['/', '/'],
    ['/admin', '/admin'],
    ['/public/../admin', '/admin'],
    ['/public/%2e%2e/admin', '/admin'],
    ['/public/%2E./admin', '/admin'],
    ['/public/.%2e/admin', '/admin'],
    ['/./admin', '/admin'],
    ['/admin/.', '/admin/'],
    ['/admin/..', '/'],
    ['/../../admin', '/admin'],
    ['/a/b/../../c/./d', '/c/d'],
    ['/a//../b', '/a/b'],
    ['/...', '/...'],
    ['/.hidden/..x/x..', '/.hidden/..x/x..'],
    ['/%61dmin', '/admin'],
    ['/admi%6E', '/admin'],
    ['/a%7Eb%2Dc%5f', '/a~b-c_'],
    ['/a\\b\\..\\c', '/a/c'],
    ['//admin', '//admin'],
    ['/public%2f..%2fadmin', '/public%2f..%2fadmin'],
    ['/a%5cb', '/a%5cb'],
    ['/%252e%252e/admin', '/%252e%252e/admin'],
    ['/a%20b%3F%23', '/a%20b%3F%23'],
    ['/caf%C3%A9', '/caf%C3%A9'],
    ['/public?/../admin', '/public?/../admin'],
    ['/x/../y?a=/../b&c=%2e%2e%00%zz', '/y?a=/../b&c=%2e%2e%00%zz'],
    ['/ADMIN', '/ADMIN'],
    ['*', '*'],
  ])('%s is %s', (path, expected) => expect(normal(path, BASE)).toBe(expected));

  test.each([
    '/admin%00',
    '/admin%0d%0a',
    '/%7f',
    '/%zz',
    '/%u002f',
    '/%',
    '/a%4',
    '/%?x',
    '/%c0%af',
    '/%C1%9C',
    '/%e0%80%af',
    '/%f0%80%80%af',
    '/public/..;/admin',
    '/.;/admin',
    '/public/%2e%2e;x=y/admin',
  ])('%s is refused', (path) => expect(normal(path, BASE)).toBe('refused'));
});

test('NONE changes nothing, and refuses an encoded NUL all the same', () => {
  for (const path of ['/a/../b', '//x', '/%61', '/%zz', '/a\\b', '/%2f', '/..;/']) {
    expect(normal(path, NONE)).toBe(path);
  }
  expect(normal('/a%00b', NONE)).toBe('refused');
});

test('MERGE_SLASHES merges what stands there when dots are gone', () => {
  expect(normal('//admin', MERGE_SLASHES)).toBe('/admin');
  expect(normal('/a///b//?x=//', MERGE_SLASHES)).toBe('/a/b/?x=//');
  expect(normal('/public//../admin', MERGE_SLASHES)).toBe('/public/admin');
  expect(normal('/a%2f%2fb', MERGE_SLASHES)).toBe('/a%2f%2fb');
});

test('DECODE_AND_MERGE_SLASHES decodes slashes before dots are resolved', () => {
  expect(normal('/public%2f..%2fadmin', DECODE_AND_MERGE_SLASHES)).toBe('/admin');
  expect(normal('/a%5Cb%2F/c', DECODE_AND_MERGE_SLASHES)).toBe('/a/b/c');
  expect(normal('/a%252fb', DECODE_AND_MERGE_SLASHES)).toBe('/a%252fb');
});

test('escaped slashes can be refused, or sent back to the client', () => {
  expect(normal('/a%2Fb', { ...BASE, escapedSlashes: 'reject' })).toBe('refused');
  expect(normal('/a?b%2F', { ...BASE, escapedSlashes: 'reject' })).toBe('/a?b%2F');
  expect(normal('/a%2Fb', { ...BASE, escapedSlashes: 'redirect' })).toBe('-> /a/b');
  expect(normal('/a/b', { ...BASE, escapedSlashes: 'redirect' })).toBe('/a/b');
});

test('the normal form of a normal form is itself, in every mode', () => {
  const part = fc.constantFrom(
    '/',
    '.',
    '..',
    'a',
    '%2e',
    '%2F',
    '%5c',
    '\\',
    '%25',
    '2e',
    '%61',
    '?',
    ';',
    '%c3%a9',
  );
  const mode = fc.constantFrom(...Object.values(PATH_NORMALIZATIONS));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), mode, (parts, options) => {
      const once = normal(`/${parts.join('')}`, options);
      if (once === 'refused') return;
      expect(normal(once, options)).toBe(once);
      if (options.normalize) expect(once.split('?')[0]).not.toMatch(/\/\.\.?(\/|$)/);
    }),
    { numRuns: 2000 },
  );
});

test('an authority has one form', () => {
  const form = (authority: string, options = {}): string | null => {
    const map = HeaderMap.fromPairs([[':authority', authority]]);
    const defaults = { stripPort: 'no', listenerPort: 80, stripTrailingDot: false } as const;
    canonicalizeAuthority(map, { ...defaults, ...options });
    return map.get(AUTHORITY);
  };
  expect(form('Reviews.SVC:9080')).toBe('reviews.svc:9080');
  expect(form('t:0080')).toBe('t:80');
  expect(form('t.')).toBe('t.');
  expect(form('t.:80', { stripTrailingDot: true })).toBe('t:80');
  expect(form('t.', { stripTrailingDot: true })).toBe('t');
  expect(form('t:80', { stripPort: 'matching' })).toBe('t');
  expect(form('t:81', { stripPort: 'matching' })).toBe('t:81');
  expect(form('t:81', { stripPort: 'any' })).toBe('t');
  expect(form('[::1]:80', { stripPort: 'any' })).toBe('[::1]');
  expect(form('[::1]', { stripPort: 'any' })).toBe('[::1]');
  expect(form('10', { stripPort: 'any' })).toBe('10');
});
