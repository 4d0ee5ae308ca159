import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bothWays, openRbac, permitting } from './testing/open-rbac.ts';

const header = (matcher: object) => ({ header: { name: 'X-Role', ...matcher } });
const ADMIN = header({ stringMatch: { exact: 'admin' } });

/** Requests by the values of `x-role`. */
const role = (...values: readonly string[]) => ({
  headers: values.map((value) => ['x-role', value] as const),
});

test.each([
  [{ stringMatch: { exact: 'admin' } }, 'admin', true],
  [{ stringMatch: { exact: 'admin' } }, 'Admin', false],
  [{ stringMatch: { exact: 'admin', ignoreCase: true } }, 'ADMIN', true],
  [{ exactMatch: 'admin' }, 'admin', true],
  [{ prefixMatch: 'ad' }, 'admin', true],
  [{ suffixMatch: 'min' }, 'admin', true],
  [{ containsMatch: 'dmi' }, 'admin', true],
  [{ safeRegexMatch: { regex: 'a.*' } }, 'admin', true],
  [{ safeRegexMatch: { regex: 'a' } }, 'admin', false],
  [{ rangeMatch: { start: '-1', end: '10' } }, '9', true],
  [{ rangeMatch: { start: '-1', end: '10' } }, '10', false],
  [{ rangeMatch: { start: '-1', end: '10' } }, 'x', false],
  [{ presentMatch: true }, '', true],
  [{ presentMatch: false }, '', false],
  [{}, 'any', true],
  [{ stringMatch: { exact: 'admin' }, invertMatch: true }, 'user', true],
  [{ stringMatch: { exact: 'admin' }, invertMatch: true }, 'admin', false],
  [{ presentMatch: true, invertMatch: true }, '', false],
])('%j and %s: %s', async (matcher, value, expected) => {
  const { allowing, denying } = await bothWays(header(matcher));
  expect(allowing.allows(role(value))).toBe(expected);
  expect(denying.allows(role(value))).toBe(!expected);
});

test.each([
  [{ stringMatch: { exact: 'admin' } }, false],
  [{ stringMatch: { exact: 'admin' }, invertMatch: true }, false],
  [{ stringMatch: { exact: 'admin' }, invertMatch: true, treatMissingHeaderAsEmpty: true }, true],
  [{ stringMatch: { safeRegex: { regex: '' } }, treatMissingHeaderAsEmpty: true }, true],
  [{ presentMatch: false }, true],
  [{ presentMatch: true, invertMatch: true }, true],
  [{ presentMatch: true, treatMissingHeaderAsEmpty: true }, true],
])('%j where the header is missing: %s', async (matcher, expected) => {
  const { allowing, denying } = await bothWays(header(matcher));
  expect(allowing.allows()).toBe(expected);
  expect(denying.allows()).toBe(!expected);
});

test.each([
  [['user', 'admin']],
  [['admin', 'user']],
  [['', 'admin']],
  [['user, admin']],
  [['user,admin ,x']],
  [['user', 'a, admin']],
])('a denial of a value holds wherever it stands among %j', async (values) => {
  const { allows } = await openRbac({ filter: { rules: permitting('DENY', ADMIN) } });
  expect(allows(role(...values))).toBe(false);
});

test('a value is found as the last of as many as a head may hold', async () => {
  const { allows } = await openRbac({ filter: { rules: permitting('DENY', ADMIN) } });
  const many = Array.from({ length: 90 }, (_, index) => `user-${index}`);
  expect(allows(role(...many))).toBe(true);
  expect(allows(role(...many, 'admin'))).toBe(false);
});

test('leave for a value is not leave for another one beside it', async () => {
  const matchers = [{ exact: 'admin' }, { prefix: 'admin' }, { suffix: 'admin' }];
  for (const stringMatch of matchers) {
    const { allows } = await openRbac({
      filter: { rules: permitting('ALLOW', header({ stringMatch })) },
    });
    expect(allows(role('admin'))).toBe(true);
    expect(allows(role('admin', 'root'))).toBe(false);
    expect(allows(role('root', 'admin'))).toBe(false);
  }
});

test('under a negation doubt turns round, so it still opens no door', async () => {
  const not = { notRule: ADMIN };
  const { allowing, denying } = await bothWays(not);
  expect(allowing.allows(role('user'))).toBe(true);
  expect(allowing.allows(role('user', 'admin'))).toBe(false);
  expect(denying.allows(role('admin'))).toBe(true);
  expect(denying.allows(role('admin', 'user'))).toBe(false);
  expect(denying.allows()).toBe(false);
});

test('an inverted match is a negation', async () => {
  const { allowing, denying } = await bothWays(
    header({ stringMatch: { exact: 'admin' }, invertMatch: true }),
  );
  expect(allowing.allows(role('user', 'admin'))).toBe(false);
  expect(denying.allows(role('user', 'admin'))).toBe(false);
});

test('values joined by commas are what a policy for the whole sees', async () => {
  const { allows } = await openRbac({
    filter: { rules: permitting('DENY', header({ stringMatch: { exact: 'a,b' } })) },
  });
  expect(allows(role('a', 'b'))).toBe(false);
  expect(allows(role('a'))).toBe(true);
});

test.each(['admin.svc', 'ADMIN.svc', 'admin.svc.', 'admin.svc:80', 'Admin.Svc.:0080'])(
  'a denial of a host holds against %s',
  async (authority) => {
    const { allows } = await openRbac({
      filter: {
        rules: permitting('DENY', {
          header: { name: 'host', stringMatch: { exact: 'admin.svc' } },
        }),
      },
    });
    expect(allows({ authority })).toBe(false);
    expect(allows({ authority: `x${authority}` })).toBe(true);
  },
);

test('leave for a host is for the host as it is written', async () => {
  const { allows } = await openRbac({
    filter: {
      rules: permitting('ALLOW', {
        header: { name: ':authority', stringMatch: { exact: '[::1]:80' } },
      }),
    },
  });
  expect(allows({ authority: '[::1]:80' })).toBe(true);
  expect(allows({ authority: '[::1]' })).toBe(false);
});

test('methods are compared as they are, and no header stands in for them', async () => {
  const { allows } = await openRbac({
    filter: {
      rules: permitting('ALLOW', { header: { name: ':method', stringMatch: { exact: 'GET' } } }),
    },
  });
  expect(allows({ method: 'GET' })).toBe(true);
  expect(allows({ method: 'get' })).toBe(false);
  expect(allows({ method: 'POST', headers: [['x-http-method-override', 'GET']] })).toBe(false);
});

const value = fc.constantFrom(
  'admin',
  'user',
  'a',
  '',
  'adm',
  'admin,user',
  'user, admin',
  'x admin',
);
const text = fc.oneof(
  fc.record({ exact: fc.constantFrom('admin', 'a') }),
  fc.record({ prefix: fc.constantFrom('ad', 'user') }),
  fc.record({ suffix: fc.constantFrom('min', 'ser') }),
  fc.record({ contains: fc.constantFrom('dm', ',') }),
);

test('no header that is added gets a request around a denial, or finds leave by itself', async () => {
  await fc.assert(
    fc.asyncProperty(
      text,
      fc.array(fc.array(value, { maxLength: 4 }), { maxLength: 20 }),
      async (stringMatch, requests) => {
        const { allowing, denying } = await bothWays(header({ stringMatch }));
        for (const values of requests) {
          const denied = !denying.allows(role(...values));
          const allowed = allowing.allows(role(...values));
          // What is surely a match is also perhaps one.
          if (allowed) expect(denied).toBe(true);
          if (!denied) continue;
          for (const more of ['other', 'admin', '']) {
            expect(denying.allows(role(...values, more))).toBe(false);
          }
        }
      },
    ),
    { numRuns: 20 },
  );
});
