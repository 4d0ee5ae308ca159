import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { freePorts } from '../../kit/free-port.ts';
import type { AnswerLike } from '../../kit/origin-answer.ts';
import { fetchRaw } from '../../kit/raw-client.ts';
import { type RecordedRequest, RecordingOrigin } from '../../kit/recording-origin.ts';
import { configOn } from './envoy-yaml.ts';
import { ProxyProcess } from './proxy-process.ts';

const resources = new AsyncDisposableStack();
let origin: RecordingOrigin;
let port: number;
let answer: (request: RecordedRequest) => AnswerLike | Promise<AnswerLike>;

beforeAll(async () => {
  origin = resources.use(await RecordingOrigin.open({ answer: (request) => answer(request) }));
  const [listen, closed] = await freePorts(2);
  port = listen!;
  const config = configOn('resilience.yaml', { 8080: port, 9000: origin.port, 9001: closed! });
  resources.use(await ProxyProcess.start({ config, ports: [port] }));
});

afterAll(() => resources.disposeAsync());

beforeEach(() => {
  origin.forget();
  answer = () => 'fine';
});

/** Answers with these statuses in turn, then 200. */
function failing(...statuses: number[]): () => AnswerLike {
  return () => ({ status: statuses.shift() ?? 200, body: 'so' });
}

test('a failing origin is asked again, body included, until it answers', async () => {
  answer = failing(503, 500);
  const response = await fetchRaw(port, 'POST /retried HTTP/1.1', [], 'payload');
  expect(response.status).toBe(200);
  expect(origin.requests.map((request) => request.body.toString())).toEqual([
    'payload',
    'payload',
    'payload',
  ]);
  const counts = origin.requests.map((request) => request.header('x-envoy-attempt-count'));
  expect(counts).toEqual([undefined, undefined, undefined]);
});

test('after as many retries as allowed the last answer stands', async () => {
  answer = failing(503, 503, 500, 500);
  const response = await fetchRaw(port, 'GET /retried HTTP/1.1');
  expect([response.status, origin.requestCount]).toEqual([500, 3]);
});

test('only the listed statuses are retried', async () => {
  answer = failing(429, 200);
  expect((await fetchRaw(port, 'GET /codes HTTP/1.1')).status).toBe(200);
  expect(origin.requestCount).toBe(2);
  origin.forget();
  answer = failing(503);
  expect((await fetchRaw(port, 'GET /codes HTTP/1.1')).status).toBe(503);
  expect(origin.requestCount).toBe(1);
});

test('without a policy that says so nothing is retried', async () => {
  answer = failing(503);
  expect((await fetchRaw(port, 'GET / HTTP/1.1')).status).toBe(503);
  expect(origin.requestCount).toBe(1);
});

test("a route timeout ends the wait with 504 in Envoy's words", async () => {
  answer = () => new Promise<AnswerLike>(() => {});
  const response = await fetchRaw(port, 'GET /impatient HTTP/1.1');
  expect([response.status, response.text]).toEqual([504, 'upstream request timeout']);
});

test('an attempt that takes too long is given up for another', async () => {
  let first = true;
  answer = () => {
    if (!first) return 'second';
    first = false;
    return new Promise<AnswerLike>(() => {});
  };
  const response = await fetchRaw(port, 'GET /per-try HTTP/1.1');
  expect([response.status, response.text, origin.requestCount]).toEqual([200, 'second', 2]);
});

test('a fault of the route answers in place of the origin', async () => {
  const response = await fetchRaw(port, 'GET /broken HTTP/1.1');
  expect([response.status, response.text]).toEqual([418, 'fault filter abort']);
  expect(origin.requestCount).toBe(0);
});

test('a delay is for the requests with its header alone', async () => {
  const timed = async (headers: readonly (readonly [string, string])[]) => {
    const start = performance.now();
    expect((await fetchRaw(port, 'GET /slow HTTP/1.1', headers)).status).toBe(200);
    return performance.now() - start;
  };
  const delayed = await timed([['x-fault', 'delay']]);
  expect(delayed).toBeGreaterThan(140);
  expect(await timed([])).toBeLessThan(delayed);
});

test('a closed port is a 503 that says so', async () => {
  const response = await fetchRaw(port, 'GET /nowhere HTTP/1.1');
  expect(response.status).toBe(503);
  expect(response.text).toMatch(/^upstream connect error or disconnect\/reset before headers/);
});

test('a host that refuses is left out for another one, on every request', async () => {
  for (let i = 0; i < 6; i++) {
    expect((await fetchRaw(port, 'GET /two HTTP/1.1')).status).toBe(200);
  }
});

test('a cluster named by a header that nobody knows is 503, and one that is known is used', async () => {
  const known = await fetchRaw(port, 'GET /unknown HTTP/1.1', [['x-cluster', 'origin']]);
  expect(known.status).toBe(200);
  const unknown = await fetchRaw(port, 'GET /unknown HTTP/1.1', [['x-cluster', 'nobody']]);
  expect(unknown.status).toBe(503);
});

test('the request id is made once and returned', async () => {
  const response = await fetchRaw(port, 'GET / HTTP/1.1');
  const id = response.header('x-request-id');
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(origin.requests[0]!.header('x-request-id')).toBe(id);
});
