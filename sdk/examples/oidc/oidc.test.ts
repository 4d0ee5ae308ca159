import { createHmac } from 'node:crypto';
import { headerOf, type SeenMessage } from '@lateen/host/testing/memory-message';
import type { TestHost } from '@lateen/host/testing/test-host';
import { beforeAll, expect, test } from 'vitest';
import { compileFilter, openFilter } from '../../assembly/testing/open-filter.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileFilter(import.meta.dirname);
});

const SECRET = 'a secret of the client';
const CONFIG = {
  authorizeUrl: 'https://login.example/authorize',
  tokenCluster: 'login',
  clientId: 'shop',
  clientSecret: SECRET,
  callbackUrl: 'https://shop.example/callback',
};

function token(claims: object, secret = SECRET): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256' })}.${part({ sub: 'ann', aud: 'shop', ...claims })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

function open(idToken = token({})): Promise<TestHost> {
  return openFilter(bytes, CONFIG, {
    answer: ({ cluster }) =>
      cluster === 'login'
        ? { status: 200, body: JSON.stringify({ id_token: idToken }) }
        : { status: 200 },
  });
}

function cookiesOf(response: SeenMessage): string {
  const set = response.headers.filter(([name]) => name === 'set-cookie');
  return set.map(([, value]) => value.split(';')[0]).join('; ');
}

/** Sends a browser to log in; its cookies, and the state that it comes back with. */
function begin(host: TestHost) {
  const { response } = host.request({ path: '/cart?item=1' });
  const location = new URL(headerOf(response, 'location') ?? '');
  return { location, cookies: cookiesOf(response), state: location.searchParams.get('state') };
}

async function comeBack(host: TestHost, state: string | null, cookies: string) {
  const query = new URLSearchParams({ code: 'the code', state: state ?? '' });
  const exchange = host.request({ path: `/callback?${query}`, headers: [['cookie', cookies]] });
  // The answer to the callout reaches the module when its callback has returned.
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  return exchange.response;
}

test('a browser logs in, and goes on where it was', async () => {
  const host = await open();
  const { location, cookies, state } = begin(host);
  expect(location.origin + location.pathname).toBe(CONFIG.authorizeUrl);
  expect(location.searchParams.get('client_id')).toBe('shop');
  const back = await comeBack(host, state, cookies);
  const form = new URLSearchParams(host.upstream.attempts[0]!.request.body.toString());
  expect(form.get('code')).toBe('the code');
  expect(headerOf(back, 'location')).toBe('/cart?item=1');
  host.request({ path: '/cart?item=1', headers: [['cookie', cookiesOf(back)]] });
  expect(headerOf(host.upstream.attempts[1]!.request, 'x-user')).toBe('ann');
});

test.each([
  ['another secret', token({}, 'another secret, long')],
  ['another audience', token({ aud: 'else' })],
  ['a time that is over', token({ exp: 1 })],
])('a token with %s is none', async (_what, bad) => {
  const host = await open(bad);
  const { response } = host.request({ headers: [['cookie', `session=${bad}`]] });
  expect(headerOf(response, ':status')).toBe('302');
  const { cookies, state } = begin(host);
  expect(headerOf(await comeBack(host, state, cookies), ':status')).toBe('502');
});

test('a log-in that was not begun here is refused', async () => {
  const host = await open();
  const { cookies, state } = begin(host);
  expect(headerOf(await comeBack(host, state, ''), ':status')).toBe('400');
  expect(headerOf(await comeBack(host, `${state}x`, cookies), ':status')).toBe('400');
  expect(headerOf(await comeBack(host, 'x', `session-state=x`), ':status')).toBe('400');
  expect(host.upstream.attempts).toEqual([]);
});

test('nobody can say who he is himself', async () => {
  const host = await open();
  host.request({
    headers: [
      ['x-user', 'root'],
      ['cookie', `session=${token({})}`],
    ],
  });
  expect(headerOf(host.upstream.attempts[0]!.request, 'x-user')).toBe('ann');
});
