import type { JsonObject } from '@lateen/sdk/base/json';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openRouter, to } from './testing/open-router.ts';

type Headers = readonly (readonly [string, string])[];

describe('a path', () => {
  const cases: readonly [match: JsonObject, path: string, matches: boolean][] = [
    [{ path: '/a' }, '/a', true],
    [{ path: '/a' }, '/a?x=1', true],
    [{ path: '/a' }, '/a/', false],
    [{ path: '/a' }, '/A', false],
    [{ path: '/aB', caseSensitive: false }, '/Ab?Q', true],
    [{ prefix: '/a' }, '/ab', true],
    [{ prefix: '/a' }, '/b/a', false],
    [{ prefix: '/a?x' }, '/a?x', false],
    [{ prefix: '/Api/', caseSensitive: false }, '/aPI/v1', true],
    [{ prefix: '' }, '/anything', true],
    [{ pathSeparatedPrefix: '/a' }, '/a', true],
    [{ pathSeparatedPrefix: '/a' }, '/a?x', true],
    [{ pathSeparatedPrefix: '/a' }, '/a/b', true],
    [{ pathSeparatedPrefix: '/a' }, '/ab', false],
    [{ pathSeparatedPrefix: '/A', caseSensitive: false }, '/a/b', true],
    [{ safeRegex: { regex: '/v[0-9]+' } }, '/v12', true],
    [{ safeRegex: { regex: '/v[0-9]+' } }, '/v12?x=/', true],
    [{ safeRegex: { regex: '/v[0-9]+' } }, '/v12/x', false],
    [{ safeRegex: { googleRe2: {}, regex: '/(a|b)/.*' } }, '/b/', true],
  ];
  test.each(cases)('%o meets %s: %s', async (match, path, matches) => {
    const request = await openRouter({ routes: [to('hit', match), to('miss', { prefix: '/' })] });
    expect(request({ path }).cluster).toBe(matches ? 'hit' : 'miss');
  });
});

describe('a header', () => {
  const cases: readonly [matcher: JsonObject, headers: Headers, matches: boolean][] = [
    [{ name: 'x', stringMatch: { exact: 'one' } }, [['x', 'one']], true],
    [{ name: 'X', stringMatch: { exact: 'one' } }, [['x', 'one']], true],
    [{ name: 'x', stringMatch: { exact: 'one' } }, [['x', 'One']], false],
    [{ name: 'x', stringMatch: { exact: 'ONE', ignoreCase: true } }, [['x', 'oNe']], true],
    [{ name: 'x', stringMatch: { exact: '' } }, [['x', '']], true],
    [{ name: 'x', stringMatch: { prefix: 'on' } }, [['x', 'one']], true],
    [{ name: 'x', stringMatch: { suffix: 'ne' } }, [['x', 'one']], true],
    [{ name: 'x', stringMatch: { contains: 'n' } }, [['x', 'one']], true],
    [{ name: 'x', stringMatch: { safeRegex: { regex: 'o.e' } } }, [['x', 'one']], true],
    [{ name: 'x', stringMatch: { safeRegex: { regex: 'o' } } }, [['x', 'one']], false],
    [{ name: 'x', exactMatch: 'one' }, [['x', 'one']], true],
    [{ name: 'x', prefixMatch: 'o' }, [['x', 'one']], true],
    [{ name: 'x', suffixMatch: 'e' }, [['x', 'one']], true],
    [{ name: 'x', containsMatch: 'n' }, [['x', 'two']], false],
    [{ name: 'x', safeRegexMatch: { regex: '\\d+' } }, [['x', '17']], true],
    [{ name: 'x' }, [['x', '']], true],
    [{ name: 'x' }, [], false],
    [{ name: 'x', presentMatch: true }, [['x', '1']], true],
    [{ name: 'x', presentMatch: false }, [], true],
    [{ name: 'x', presentMatch: true, invertMatch: true }, [], true],
    [{ name: 'x', rangeMatch: { start: '-10', end: '0' } }, [['x', '-1']], true],
    [{ name: 'x', rangeMatch: { start: '-10', end: '0' } }, [['x', '0']], false],
    [{ name: 'x', rangeMatch: { start: '1', end: '9' } }, [['x', '5x']], false],
    [{ name: 'x', rangeMatch: { start: '1', end: '9' }, invertMatch: true }, [['x', 'y']], true],
    [{ name: 'x', rangeMatch: { start: '1', end: '9' }, invertMatch: true }, [], false],
    [{ name: 'x', stringMatch: { exact: 'a' }, invertMatch: true }, [['x', 'b']], true],
    [{ name: 'x', stringMatch: { exact: 'a' }, invertMatch: true }, [], false],
    [
      {
        name: 'x',
        stringMatch: { exact: 'a' },
        invertMatch: true,
        treatMissingHeaderAsEmpty: true,
      },
      [],
      true,
    ],
    [
      { name: 'x', stringMatch: { exact: 'a,b' } },
      [
        ['x', 'a'],
        ['x', 'b'],
      ],
      true,
    ],
    [
      { name: 'x', stringMatch: { exact: 'a' } },
      [
        ['x', 'a'],
        ['x', 'b'],
      ],
      false,
    ],
    [{ name: ':method', stringMatch: { exact: 'GET' } }, [], true],
    [{ name: ':authority', stringMatch: { prefix: 'example.' } }, [], true],
  ];
  test.each(cases)('%o meets %o: %s', async (matcher, headers, matches) => {
    const match = { prefix: '/', headers: [matcher] };
    const request = await openRouter({ routes: [to('hit', match), to('miss', { prefix: '/' })] });
    expect(request({ headers }).cluster).toBe(matches ? 'hit' : 'miss');
  });

  test('has to match together with all others', async () => {
    const headers = ['a', 'b'].map((name) => ({ name, stringMatch: { exact: '1' } }));
    const request = await openRouter({
      routes: [to('both', { prefix: '/', headers }), to('rest', { prefix: '/' })],
    });
    const a = ['a', '1'] as const;
    const b = ['b', '1'] as const;
    expect(request({ headers: [a, b] }).cluster).toBe('both');
    expect(request({ headers: [a] }).cluster).toBe('rest');
    expect(request({ headers: [b] }).cluster).toBe('rest');
  });
});

describe('a query parameter', () => {
  const cases: readonly [matcher: JsonObject, query: string, matches: boolean][] = [
    [{ name: 'q', stringMatch: { exact: '1' } }, '?q=1', true],
    [{ name: 'q', stringMatch: { exact: '1' } }, '?a=b&q=1&c', true],
    [{ name: 'q', stringMatch: { exact: '1' } }, '?q=2&q=1', false],
    [{ name: 'q', stringMatch: { exact: '1' } }, '?xq=1', false],
    [{ name: 'q', stringMatch: { exact: 'a=b' } }, '?q=a=b', true],
    [{ name: 'q', stringMatch: { exact: '' } }, '?q', true],
    [{ name: 'q', stringMatch: { safeRegex: { regex: '[0-9]+' } } }, '?q=42', true],
    [{ name: 'q' }, '?q', true],
    [{ name: 'q', presentMatch: true }, '?q=', true],
    [{ name: 'q', presentMatch: true }, '', false],
    [{ name: 'q', presentMatch: false }, '?p=1', true],
  ];
  test.each(cases)('%o meets %s: %s', async (matcher, query, matches) => {
    const match = { prefix: '/', queryParameters: [matcher] };
    const request = await openRouter({ routes: [to('hit', match), to('miss', { prefix: '/' })] });
    expect(request({ path: `/x${query}` }).cluster).toBe(matches ? 'hit' : 'miss');
  });
});

test('a route for gRPC takes gRPC only', async () => {
  const request = await openRouter({
    routes: [to('grpc', { prefix: '/', grpc: {} }), to('rest', { prefix: '/' })],
  });
  const of = (type: string) => request({ headers: [['content-type', type]] }).cluster;
  expect(of('application/grpc')).toBe('grpc');
  expect(of('application/grpc+proto')).toBe('grpc');
  expect(of('application/grpc-web')).toBe('rest');
  expect(of('text/plain')).toBe('rest');
});

test('a fraction takes its share of streams', async () => {
  let random = 0;
  const runtimeFraction = { defaultValue: { numerator: 25, denominator: 'HUNDRED' } };
  const request = await openRouter({
    random: () => random,
    routes: [to('some', { prefix: '/', runtimeFraction }), to('rest', { prefix: '/' })],
  });
  let some = 0;
  for (let i = 0; i < 2000; i++) {
    random = i / 2000;
    if (request({}).cluster === 'some') some++;
  }
  expect(some).toBeGreaterThan(400);
  expect(some).toBeLessThan(600);
});

test('the index finds what trying all routes in order would find', async () => {
  const segment = fc.constantFrom('a', 'b', 'ab', 'A', '');
  const path = fc.array(segment, { maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
  const match = fc.record({
    kind: fc.constantFrom('path', 'prefix', 'pathSeparatedPrefix', 'safeRegex'),
    path,
    caseSensitive: fc.boolean(),
    header: fc.boolean(),
  });
  const cases = fc.record({
    matches: fc.array(match, { maxLength: 12 }),
    asked: fc.array(fc.record({ path, query: fc.boolean(), header: fc.boolean() }), {
      minLength: 8,
      maxLength: 8,
    }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ matches, asked }) => {
      const routes = matches.map((one) => {
        const slashed = one.kind === 'pathSeparatedPrefix' && one.path.endsWith('/');
        return { ...one, kind: slashed ? 'prefix' : one.kind };
      });
      const request = await openRouter({ routes: routes.map(asRoute) });
      for (const { path, query, header } of asked) {
        const expected = routes.findIndex((route) => {
          if (route.header && !header) return false;
          return naiveMatch(route, path);
        });
        const found = request({
          path: query ? `${path}?q` : path,
          headers: header ? [['h', '1']] : [],
        });
        expect(found.cluster).toBe(expected < 0 ? undefined : `c${expected}`);
      }
    }),
    { numRuns: 60 },
  );
});

interface NaiveRoute {
  readonly kind: string;
  readonly path: string;
  readonly caseSensitive: boolean;
  readonly header: boolean;
}

function asRoute({ kind, path, caseSensitive, header }: NaiveRoute, index: number): JsonObject {
  const how = kind === 'safeRegex' ? { safeRegex: { regex: `${path}.?` } } : { [kind]: path };
  const sensitive = kind === 'safeRegex' ? {} : { caseSensitive };
  const headers = header ? [{ name: 'h', presentMatch: true }] : [];
  return to(`c${index}`, { ...how, ...sensitive, headers });
}

function naiveMatch(route: NaiveRoute, asked: string): boolean {
  const folds = !route.caseSensitive && route.kind !== 'safeRegex';
  const path = folds ? asked.toLowerCase() : asked;
  const wanted = folds ? route.path.toLowerCase() : route.path;
  if (route.kind === 'path') return path === wanted;
  if (route.kind === 'safeRegex') return new RegExp(`^${wanted}.?$`).test(path);
  if (route.kind === 'pathSeparatedPrefix') {
    return path === wanted || path.startsWith(`${wanted}/`);
  }
  return path.startsWith(wanted);
}
