import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bothWays, openRbac, permitting } from './testing/open-rbac.ts';

const path = (matcher: object) => ({ urlPath: { path: { ...matcher } } });

test.each([
  [{ exact: '/a' }, '/a', true],
  [{ exact: '/a' }, '/a?b', true],
  [{ exact: '/a' }, '/a/', false],
  [{ exact: '/a' }, '/A', false],
  [{ exact: '/a', ignoreCase: true }, '/A', true],
  [{ prefix: '/a' }, '/ab', true],
  [{ prefix: '/a' }, '/?/a', false],
  [{ suffix: '.png' }, '/x.png?v=1', true],
  [{ contains: 'min' }, '/admin', true],
  [{ contains: 'min' }, '/public?admin', false],
  [{ safeRegex: { regex: '/v[0-9]+/x' } }, '/v12/x?y', true],
  [{ safeRegex: { regex: '/v[0-9]+/x' } }, '/v12/xy', false],
])('%j and %s: %s', async (matcher, requested, expected) => {
  const { allowing, denying } = await bothWays(path(matcher));
  expect(allowing.allows({ path: requested })).toBe(expected);
  expect(denying.allows({ path: requested })).toBe(!expected);
});

/** The host normalises where it is told to; these arrive as they are. */
test.each([
  '/admin',
  '/admin/x',
  '/admin;a=b',
  '/admin;/x',
  '/public/..;/admin',
  '/public/..;a=b/admin',
  '/;x/admin',
  '//admin',
  '///admin//x',
  '/public/../admin',
  '/public//../../admin',
  '/./admin',
  '/.;/admin',
  '/admin?/../public',
])('a denial of /admin holds against %s', async (requested) => {
  const { allows } = await openRbac({
    filter: { rules: permitting('DENY', path({ exact: '/admin' }), path({ prefix: '/admin/' })) },
  });
  expect(allows({ path: requested })).toBe(false);
});

test.each([
  ['/public/x', true],
  ['/public/x;v=1', true],
  ['/public/x//y', true],
  ['/public/.well-known', true],
  ['/public/..;/admin', false],
  ['/public/../admin', false],
  ['/public/x/..;/y', true],
  ['/public/..', false],
])('leave for /public/ and %s: %s', async (requested, expected) => {
  const { allows } = await openRbac({
    filter: { rules: permitting('ALLOW', path({ prefix: '/public/' })) },
  });
  expect(allows({ path: requested })).toBe(expected);
});

test('leave for a path that is written with parameters or empty segments holds for just that', async () => {
  const { allows } = await openRbac({
    filter: { rules: permitting('ALLOW', path({ exact: '/a;v=1' }), path({ exact: '/a//b' })) },
  });
  expect(allows({ path: '/a;v=1' })).toBe(true);
  expect(allows({ path: '/a//b' })).toBe(true);
  expect(allows({ path: '/a' })).toBe(false);
  expect(allows({ path: '/a/b' })).toBe(false);
});

test('everything but a path is denied in every way to write another one', async () => {
  const { allows } = await openRbac({
    filter: { rules: permitting('DENY', { notRule: path({ prefix: '/public/' }) }) },
  });
  expect(allows({ path: '/public/x' })).toBe(true);
  expect(allows({ path: '/public/..;/admin' })).toBe(false);
  expect(allows({ path: '/x' })).toBe(false);
});

const segment = fc.constantFrom(
  'public',
  'admin',
  'a',
  '',
  '.',
  '..',
  '..;x',
  '.;',
  ';',
  'a;b',
  '...',
);
const somePath = fc.array(segment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`);

test('whatever the path, what passes lies where leave was given, in both readings', async () => {
  const { allowing, denying } = await bothWays(path({ prefix: '/public' }));
  fc.assert(
    fc.property(somePath, (requested) => {
      const inside = resolved(requested).startsWith('/public');
      const allowed = allowing.allows({ path: requested });
      if (allowed && /(^|\/)\.\.?(;|\/|$)/.test(requested)) expect(inside).toBe(true);
      if (allowed) expect(requested.startsWith('/public')).toBe(true);
      if (requested.startsWith('/public') || inside) {
        expect(denying.allows({ path: requested })).toBe(false);
      } else {
        expect(denying.allows({ path: requested })).toBe(true);
      }
    }),
    { numRuns: 400 },
  );
});

/** The other reading, written by the book: no parameters, no empty segments, dots resolved. */
function resolved(requested: string): string {
  const kept: string[] = [];
  for (const written of requested.split('/')) {
    const name = written.split(';')[0] ?? '';
    if (name === '..') kept.pop();
    else if (name !== '' && name !== '.') kept.push(name);
  }
  return `/${kept.join('/')}`;
}
