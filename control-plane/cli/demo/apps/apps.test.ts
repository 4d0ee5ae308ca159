import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startNode } from '../../../../test/kit/child-process.ts';
import { fetchRaw } from '../../../../test/kit/raw-client.ts';
import { RecordingOrigin } from '../../../../test/kit/recording-origin.ts';

/** Starts an app behind a proxy of our own making; the app knows nothing else of the world. */
async function startApp(name: string, env: Readonly<Record<string, string>> = {}) {
  const file = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const app = startNode(file, [], { env: { PORT: '0', NODE_USE_ENV_PROXY: '1', ...env } });
  const [, port] = await app.waitForOutput(/listening on http:\/\/127\.0\.0\.1:(\d+)/, {
    deadlineMs: 15_000,
  });
  return { app, port: Number(port), [Symbol.asyncDispose]: () => app.stop().then(() => {}) };
}

const STARS = JSON.stringify({ id: 0, ratings: { Reviewer1: 5, Reviewer2: 4 } });

test('reviews v3 asks ratings through the proxy, with the trace and the user, and paints red stars', async () => {
  await using proxy = await RecordingOrigin.open({ answer: () => STARS });
  await using reviews = await startApp('reviews', { HTTP_PROXY: proxy.url, SERVICE_VERSION: 'v3' });
  const headers = [
    ['x-request-id', 'r-1'],
    ['traceparent', '00-1-2-01'],
    ['end-user', 'jason'],
    ['x-other', 'stays here'],
  ] as const;
  const { status, text } = await fetchRaw(reviews.port, 'GET /reviews/0 HTTP/1.1', headers);
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({
    version: 'v3',
    reviews: [{ rating: { stars: 5, color: 'red' } }, { rating: { stars: 4, color: 'red' } }],
  });
  const asked = proxy.requests[0]!;
  expect(asked.target).toBe('http://ratings:9080/ratings/0');
  expect(asked.header('host')).toBe('ratings:9080');
  expect(headers.map(([name]) => asked.header(name))).toEqual([
    'r-1',
    '00-1-2-01',
    'jason',
    undefined,
  ]);
});

test('reviews v1 asks nobody; v2 says so when ratings do not answer', async () => {
  await using proxy = await RecordingOrigin.open({ answer: () => ({ status: 503, body: 'no' }) });
  await using one = await startApp('reviews', { HTTP_PROXY: proxy.url, SERVICE_VERSION: 'v1' });
  await using two = await startApp('reviews', { HTTP_PROXY: proxy.url, SERVICE_VERSION: 'v2' });
  const plain = await fetchRaw(one.port, 'GET /reviews/0 HTTP/1.1');
  expect(JSON.parse(plain.text).reviews[0]).not.toHaveProperty('rating');
  expect(proxy.requestCount).toBe(0);
  const starless = await fetchRaw(two.port, 'GET /reviews/0 HTTP/1.1');
  expect(JSON.parse(starless.text).reviews[0].rating.error).toContain('unavailable');
});

test('the product page shows details and stars, and what other services say only as text', async () => {
  const review = { reviewer: '<b>', text: '<script>', rating: { stars: 2, color: 'red' } };
  await using proxy = await RecordingOrigin.open({
    answer: ({ target }) =>
      target.includes('reviews')
        ? JSON.stringify({ version: 'v3', reviews: [review] })
        : JSON.stringify({ id: 0, author: 'Somebody' }),
  });
  await using page = await startApp('productpage', { HTTP_PROXY: proxy.url });
  const { text } = await fetchRaw(page.port, 'GET /productpage HTTP/1.1');
  expect(text).toContain('Somebody');
  expect(text).toContain('reviews v3');
  expect(text).toMatch(/class="stars red"[^>]*>\u2605\u2605\u2606\u2606\u2606/);
  expect(text).not.toContain('<script>');
});

test('the product page stays up, and says so, when reviews are down', async () => {
  await using proxy = await RecordingOrigin.open({
    answer: ({ target }) => (target.includes('reviews') ? { status: 503, body: 'x' } : '{}'),
  });
  await using page = await startApp('productpage', { HTTP_PROXY: proxy.url });
  const { status, text } = await fetchRaw(page.port, 'GET /productpage HTTP/1.1');
  expect(status).toBe(200);
  expect(text).toContain('product reviews are currently unavailable');
  const api = await fetchRaw(page.port, 'GET /api/v1/products/0/reviews HTTP/1.1');
  expect(api.status).toBe(503);
});

test('who signs in is named to the other services, until signing out', async () => {
  await using proxy = await RecordingOrigin.open({ answer: () => '{}' });
  await using page = await startApp('productpage', { HTTP_PROXY: proxy.url });
  const login = await fetchRaw(page.port, 'POST /login HTTP/1.1', [], 'username=jason&passwd=x');
  expect(login.status).toBe(302);
  const cookie = login.header('set-cookie')!.split(';')[0]!;
  const { text } = await fetchRaw(page.port, 'GET /productpage HTTP/1.1', [['cookie', cookie]]);
  expect(text).toContain('jason');
  expect(proxy.requests.map((request) => request.header('end-user'))).toEqual(['jason', 'jason']);
  const logout = await fetchRaw(page.port, 'GET /logout HTTP/1.1', [['cookie', cookie]]);
  expect(logout.header('set-cookie')).toContain('Max-Age=0');
  const evil = await fetchRaw(page.port, 'POST /login HTTP/1.1', [], 'username=a%0d%0ab');
  expect(evil.status).toBe(400);
});

test('ratings keep what is posted and refuse what makes no sense', async () => {
  await using ratings = await startApp('ratings');
  const post = (body: string) => fetchRaw(ratings.port, 'POST /ratings/7 HTTP/1.1', [], body);
  expect((await post('{"Reviewer1":2}')).status).toBe(200);
  const { text } = await fetchRaw(ratings.port, 'GET /ratings/7 HTTP/1.1');
  expect(JSON.parse(text)).toEqual({ id: 7, ratings: { Reviewer1: 2 } });
  for (const bad of ['', '[]', '{"a":9}', '{"a":"5"}']) expect((await post(bad)).status).toBe(400);
});

test('a service is healthy, and ends politely', async () => {
  await using details = await startApp('details');
  const { text } = await fetchRaw(details.port, 'GET /health HTTP/1.1');
  expect(JSON.parse(text)).toEqual({ status: 'details is healthy' });
  details.app.signal('SIGTERM');
  expect(await details.app.waitForExit()).toEqual({ code: 0, signal: null });
});
