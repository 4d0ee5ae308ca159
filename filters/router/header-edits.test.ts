import type { JsonObject } from '@lateen/sdk/base/json';
import { describe, expect, test } from 'vitest';
import { openRouter, to } from './testing/open-router.ts';

const ALL = { prefix: '/' };

function add(key: string, value: string, more: JsonObject = {}): JsonObject {
  return { header: { key, value }, ...more };
}

/** Values of the header that the upstream gets when the request has `x: old`. */
async function edited(edit: JsonObject, name = 'x'): Promise<string[]> {
  const request = await openRouter({ routes: [to('c', ALL, { requestHeadersToAdd: [edit] })] });
  return request({ headers: [['x', 'old']] }).sent(name);
}

describe('an edit', () => {
  test('appends by default', async () => {
    expect(await edited(add('X', 'new'))).toEqual(['old', 'new']);
    expect(await edited(add('y', 'new'), 'y')).toEqual(['new']);
  });

  test.each([
    ['APPEND_IF_EXISTS_OR_ADD', ['old', 'new'], ['new']],
    ['ADD_IF_ABSENT', ['old'], ['new']],
    ['OVERWRITE_IF_EXISTS_OR_ADD', ['new'], ['new']],
    ['OVERWRITE_IF_EXISTS', ['new'], []],
  ])('%s gives %o where it stands, %o where not', async (appendAction, there, absent) => {
    expect(await edited(add('x', 'new', { appendAction }))).toEqual(there);
    expect(await edited(add('y', 'new', { appendAction }), 'y')).toEqual(absent);
  });

  test('knows the older `append`', async () => {
    expect(await edited(add('x', 'new', { append: false }))).toEqual(['new']);
    expect(await edited(add('x', 'new', { append: true }))).toEqual(['old', 'new']);
  });

  test('with an empty value is made only where it is to be kept', async () => {
    expect(await edited(add('y', ''), 'y')).toEqual([]);
    expect(await edited(add('y', '', { keepEmptyValue: true }), 'y')).toEqual(['']);
  });

  test('removes before it adds', async () => {
    const request = await openRouter({
      routes: [
        to('c', ALL, {
          requestHeadersToRemove: ['X', 'y'],
          requestHeadersToAdd: [add('x', 'new')],
        }),
      ],
    });
    const routed = request({
      headers: [
        ['x', '1'],
        ['x', '2'],
        ['y', '3'],
      ],
    });
    expect(routed.sent('x')).toEqual(['new']);
    expect(routed.sent('y')).toEqual([]);
  });
});

describe('scopes', () => {
  const set = (value: string): JsonObject => ({
    requestHeadersToAdd: [add('x', value)],
    responseHeadersToAdd: [add('x', value)],
  });
  const open = (table: JsonObject) =>
    openRouter({
      table: { ...set('table'), ...table },
      virtualHost: set('host'),
      routes: [
        {
          match: ALL,
          route: {
            weightedClusters: { clusters: [{ name: 'c', weight: 1, ...set('cluster') }] },
          },
          ...set('route'),
        },
      ],
    });

  test('edit from the most specific to the least', async () => {
    const routed = (await open({}))({});
    expect(routed.sent('x')).toEqual(['cluster', 'route', 'host', 'table']);
  });

  test('edit the other way round where the specific one is to win', async () => {
    const routed = (await open({ mostSpecificHeaderMutationsWins: true }))({});
    expect(routed.sent('x')).toEqual(['table', 'host', 'route', 'cluster']);
  });

  test('edit responses too, also those of the proxy itself', async () => {
    const routed = (await open({}))({});
    expect(routed.answered('x')).toBe('cluster');
    const request = await openRouter({
      routes: [
        { match: { path: '/d' }, directResponse: { status: 200 }, ...set('direct') },
        { match: ALL, redirect: { pathRedirect: '/' }, ...set('redirect') },
      ],
    });
    expect(request({ path: '/d' }).answered('x')).toBe('direct');
    expect(request({}).answered('x')).toBe('redirect');
  });
});

describe('a value', () => {
  const cases: readonly [format: string, value: string[]][] = [
    ['plain', ['plain']],
    ['100%%', ['100%']],
    ['%REQ(X)%', ['old']],
    ['%REQ(x):2%', ['ol']],
    ['<%REQ(missing?X)%>', ['<old>']],
    ['%REQ(missing)%', []],
    ['%REQ(:PATH)% %REQ(:METHOD)%', ['/p?q GET']],
    ['%DOWNSTREAM_REMOTE_ADDRESS%', ['10.0.0.2:40000']],
    ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%', ['10.0.0.2']],
    ['%DOWNSTREAM_REMOTE_PORT%', ['40000']],
    ['%DOWNSTREAM_LOCAL_ADDRESS%', ['10.0.0.3:8080']],
    ['%PROTOCOL%', ['HTTP/1.1']],
    ['%ROUTE_NAME%', ['my-route']],
  ];
  test.each(cases)('%s becomes %o', async (format, value) => {
    const request = await openRouter({
      routes: [to('c', ALL, { name: 'my-route', requestHeadersToAdd: [add('v', format)] })],
    });
    expect(request({ path: '/p?q', headers: [['x', 'old']] }).sent('v')).toEqual(value);
  });

  test('of a response may show the response', async () => {
    const request = await openRouter({
      routes: [
        to('c', ALL, {
          responseHeadersToAdd: [add('v', '%RESPONSE_CODE% %RESP(x-up)% %UPSTREAM_HOST%')],
        }),
      ],
      answer: { status: 201, headers: { 'x-up': 'yes' } },
    });
    expect(request({}).answered('v')).toBe('201 yes 10.0.0.1:9000');
  });
});

test('a value that would break the message is not sent', async () => {
  const request = await openRouter({
    routes: [to('c', ALL, { requestHeadersToAdd: [add('v', 'a\r\nevil: 1')] })],
  });
  const routed = request({});
  expect(routed.cluster).toBe('c');
  expect(routed.sent('v')).toEqual([]);
  expect(routed.sent('evil')).toEqual([]);
});
