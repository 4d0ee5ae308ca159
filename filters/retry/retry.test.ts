import { headerOf } from '@lateen/host/testing/memory-message';
import type {
  SeenAttempt,
  UpstreamAnswer,
  UpstreamScript,
} from '@lateen/host/testing/memory-upstream';
import { TestHost } from '@lateen/host/testing/test-host';
import type { JsonObject } from '@lateen/sdk/base/json';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bundledModules } from '../bundled-modules.ts';

const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

interface Plan {
  readonly policy: JsonObject;
  readonly answers?: readonly UpstreamAnswer[];
  readonly upstream?: UpstreamScript;
  readonly virtualHost?: JsonObject;
  readonly random?: () => number;
}

/** A host whose only route has the policy; the upstream gives the answers in turn, then 200. */
function open(plan: Plan): Promise<TestHost> {
  const answers = [...(plan.answers ?? [])];
  return TestHost.open({
    modules: bundledModules('router', 'retry'),
    filters: [{ name: 'router', module: 'router', configuration: { '@type': ROUTER } }],
    upstream: plan.upstream ?? { answer: () => answers.shift() ?? { status: 200 } },
    random: plan.random ?? (() => 0),
    routes: {
      name: 'test',
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            {
              match: { prefix: '/' },
              route: { cluster: 'one', timeout: '0s', retryPolicy: plan.policy },
            },
          ],
          ...plan.virtualHost,
        },
      ],
    },
  });
}

/** Plays one request, waits as long as any back-off can be, and tells the attempts' number. */
async function attempts(plan: Plan, headers: readonly (readonly [string, string])[] = []) {
  const host = await open(plan);
  const exchange = host.request({ headers });
  host.clock.advance(60_000);
  const made = host.upstream.attempts.length;
  const status = headerOf(exchange.response, ':status');
  host.close();
  return { made, status };
}

const reset: UpstreamAnswer = { fail: 'reset' };
const status = (code: number, headers: Record<string, string> = {}): UpstreamAnswer => ({
  status: code,
  headers,
});

describe('a condition', () => {
  const cases: readonly [name: string, on: string, answer: UpstreamAnswer, retried: boolean][] = [
    ['5xx retries 500', '5xx', status(500), true],
    ['5xx leaves 429 alone', '5xx', status(429), false],
    ['5xx leaves 404 alone', '5xx', status(404), false],
    ['5xx retries a reset', '5xx', reset, true],
    ['gateway-error retries 503', 'gateway-error', status(503), true],
    ['gateway-error leaves 500 alone', 'gateway-error', status(500), false],
    ['reset retries a reset', 'reset', reset, true],
    ['reset leaves 503 alone', 'reset', status(503), false],
    ['connect-failure leaves a reset alone', 'connect-failure', reset, false],
    ['reset-before-request leaves a later reset alone', 'reset-before-request', reset, false],
    ['retriable-4xx retries 409', 'retriable-4xx', status(409), true],
    ['retriable-4xx leaves 404 alone', 'retriable-4xx', status(404), false],
    ['a list of conditions is read with its blanks', 'reset, gateway-error', status(502), true],
    ['an unknown condition retries nothing', 'whatever', status(503), false],
    ['cancelled retries grpc-status 1', 'cancelled', status(200, { 'grpc-status': '1' }), true],
    [
      'cancelled leaves grpc-status 2 alone',
      'cancelled',
      status(200, { 'grpc-status': '2' }),
      false,
    ],
    [
      'deadline-exceeded retries grpc-status 4',
      'deadline-exceeded',
      status(200, { 'grpc-status': '4' }),
      true,
    ],
    [
      'resource-exhausted retries grpc-status 8',
      'resource-exhausted',
      status(200, { 'grpc-status': '8' }),
      true,
    ],
    ['internal retries grpc-status 13', 'internal', status(200, { 'grpc-status': '13' }), true],
    [
      'unavailable retries grpc-status 14',
      'unavailable',
      status(200, { 'grpc-status': '14' }),
      true,
    ],
    [
      'a rate limited answer is not retried for its status',
      '5xx',
      status(503, { 'x-envoy-ratelimited': 'true' }),
      false,
    ],
    [
      'envoy-ratelimited retries a rate limited answer',
      'envoy-ratelimited',
      status(429, { 'x-envoy-ratelimited': 'true' }),
      true,
    ],
  ];
  test.each(cases)('%s', async (_name, retryOn, answer, retried) => {
    const seen = await attempts({ policy: { retryOn }, answers: [answer] });
    expect(seen.made).toBe(retried ? 2 : 1);
  });
});

test('a failure to connect is retried for connect-failure and for reset-before-request', async () => {
  for (const [retryOn, made] of [
    ['connect-failure', 2],
    ['reset-before-request', 2],
    ['retriable-4xx', 1],
  ] as const) {
    const upstream: UpstreamScript = {
      answer: () => ({ status: 200 }),
      connect: (_cluster, attempt) => (attempt === 1 ? 'connect-failure' : null),
    };
    expect((await attempts({ policy: { retryOn }, upstream })).made, retryOn).toBe(made);
  }
});

test('an open circuit breaker is not retried', async () => {
  const upstream: UpstreamScript = {
    answer: () => ({ status: 200 }),
    connect: () => 'overflow',
  };
  const seen = await attempts({ policy: { retryOn: '5xx,reset,connect-failure' }, upstream });
  expect(seen).toEqual({ made: 1, status: '503' });
});

test('status codes of the policy are retried for retriable-status-codes', async () => {
  const policy = { retryOn: 'retriable-status-codes', retriableStatusCodes: [418, 429] };
  expect((await attempts({ policy, answers: [status(429)] })).made).toBe(2);
  expect((await attempts({ policy, answers: [status(500)] })).made).toBe(1);
});

test('response headers of the policy are retried for retriable-headers', async () => {
  const policy = {
    retryOn: 'retriable-headers',
    retriableHeaders: [{ name: 'X-Again', stringMatch: { exact: 'yes' } }],
  };
  expect((await attempts({ policy, answers: [status(200, { 'x-again': 'yes' })] })).made).toBe(2);
  expect((await attempts({ policy, answers: [status(200, { 'x-again': 'no' })] })).made).toBe(1);
});

test('a request without the wanted headers is not retried', async () => {
  const policy = {
    retryOn: '5xx',
    retriableRequestHeaders: [{ name: ':method', stringMatch: { exact: 'PUT' } }],
  };
  expect((await attempts({ policy, answers: [status(500)] })).made).toBe(1);
});

test('retries once unless told otherwise, and passes the last answer on', async () => {
  const answers = [status(500), status(502), status(503)];
  expect(await attempts({ policy: { retryOn: '5xx' }, answers })).toEqual({
    made: 2,
    status: '502',
  });
  expect(await attempts({ policy: { retryOn: '5xx', numRetries: 5 }, answers })).toEqual({
    made: 4,
    status: '200',
  });
  expect(await attempts({ policy: { retryOn: '5xx', numRetries: 0 }, answers })).toEqual({
    made: 1,
    status: '500',
  });
});

describe('the request itself', () => {
  test('adds conditions and sets how often', async () => {
    const plan = { policy: { numRetries: 0 }, answers: [status(503), status(503), status(503)] };
    const wishes: [string, string][] = [
      ['x-envoy-retry-on', 'gateway-error'],
      ['x-envoy-max-retries', '2'],
    ];
    expect(await attempts(plan, wishes)).toEqual({ made: 3, status: '503' });
  });

  test('lists status codes', async () => {
    const plan = { policy: { retryOn: 'reset' }, answers: [status(404)] };
    expect((await attempts(plan, [['x-envoy-retriable-status-codes', '403, 404']])).made).toBe(2);
    expect((await attempts(plan, [['x-envoy-retriable-status-codes', '403']])).made).toBe(1);
  });

  test('asks for gRPC conditions by a header of their own', async () => {
    const plan = { policy: {}, answers: [status(200, { 'grpc-status': '14' })] };
    expect((await attempts(plan, [['x-envoy-retry-grpc-on', 'unavailable']])).made).toBe(2);
    expect((await attempts(plan, [['x-envoy-retry-on', 'unavailable']])).made).toBe(1);
  });

  test('does not pass its wishes on to the next proxy', async () => {
    const host = await open({ policy: { retryOn: '5xx' } });
    host.request({
      headers: [
        ['x-envoy-retry-on', '5xx'],
        ['x-envoy-max-retries', '9'],
        ['x-other', 'stays'],
      ],
    });
    const names = host.upstream.attempts[0].request.headers.map(([name]) => name);
    expect(names).toContain('x-other');
    expect(names.filter((name) => name.startsWith('x-envoy-'))).toEqual([]);
  });
});

describe('the wait before another attempt', () => {
  /** Milliseconds until the second, third, ... attempt. */
  async function waits(policy: JsonObject, random: number, headers: Record<string, string> = {}) {
    const host = await open({
      policy: { retryOn: '5xx', numRetries: 4, ...policy },
      upstream: { answer: () => status(500, headers) },
      random: () => random,
    });
    const starts: number[] = [];
    host.request();
    let last = host.clock.now();
    for (let ms = 0; ms < 20_000; ms++) {
      const before = host.upstream.attempts.length;
      host.clock.advance(1);
      for (let more = host.upstream.attempts.length - before; more > 0; more--) {
        starts.push(host.clock.now() - last);
        last = host.clock.now();
      }
    }
    return starts;
  }

  test('stays below (2^n - 1) times the base, and below the limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (r) => {
        const policy = { retryBackOff: { baseInterval: '0.100s', maxInterval: '0.500s' } };
        const seen = await waits(policy, r);
        const limits = [100, 300, 500, 500];
        expect(seen).toHaveLength(4);
        // One more, because a wait of 0 is seen at the next step of the clock.
        for (const [index, wait] of seen.entries()) {
          expect(wait).toBeLessThanOrEqual(limits[index] + 1);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('differs between the attempts of one stream and between streams', async () => {
    const policy = { retryBackOff: { baseInterval: '1s', maxInterval: '4s' } };
    const one = await waits(policy, 0.1);
    const other = await waits(policy, 0.2);
    expect(new Set([...one, ...other]).size).toBeGreaterThan(6);
  });

  test('follows the header that the upstream sends', async () => {
    const policy = {
      rateLimitedRetryBackOff: { resetHeaders: [{ name: 'Retry-After' }], maxInterval: '10s' },
    };
    for (const wait of await waits(policy, 0.7, { 'retry-after': '2' })) {
      expect(wait).toBeGreaterThanOrEqual(2000);
      expect(wait).toBeLessThanOrEqual(3000);
    }
  });

  test('does not follow a header that asks for more than the limit', async () => {
    const policy = {
      rateLimitedRetryBackOff: { resetHeaders: [{ name: 'retry-after' }], maxInterval: '1s' },
    };
    for (const wait of await waits(policy, 0.7, { 'retry-after': '2' })) {
      expect(wait).toBeLessThanOrEqual(251);
    }
  });

  test('follows a time stamp', async () => {
    const at = Date.UTC(2026, 0, 1) / 1000 + 5;
    const policy = {
      numRetries: 1,
      rateLimitedRetryBackOff: {
        resetHeaders: [{ name: 'x-reset', format: 'UNIX_TIMESTAMP' }],
      },
    };
    const [wait] = await waits(policy, 0, { 'x-reset': String(at) });
    expect(wait).toBeGreaterThanOrEqual(5000);
    expect(wait).toBeLessThanOrEqual(7501);
  });
});

test('an attempt that takes too long is given up and retried', async () => {
  const host = await open({
    policy: { retryOn: 'gateway-error', perTryTimeout: '0.200s' },
    upstream: { answer: (attempt) => (isFirst(host, attempt) ? 'silent' : { status: 200 }) },
  });
  const exchange = host.request();
  host.clock.advance(199);
  expect(host.upstream.attempts).toHaveLength(1);
  host.clock.advance(100);
  expect(host.upstream.attempts).toHaveLength(2);
  expect(host.upstream.attempts[0].cancelled).toBe(true);
  expect(headerOf(exchange.response, ':status')).toBe('200');
});

test('previous hosts are avoided where the policy says so', async () => {
  const predicate = {
    name: 'envoy.retry_host_predicates.previous_hosts',
    typedConfig: {
      '@type':
        'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
    },
  };
  const host = await open({
    policy: {
      retryOn: '5xx',
      retryHostPredicate: [predicate],
      hostSelectionRetryMaxAttempts: '5',
    },
    answers: [status(500)],
  });
  host.request();
  host.clock.advance(1000);
  const [first, second] = host.upstream.attempts;
  expect(first.wish.hostAttempts).toBe(0);
  expect(second.wish).toMatchObject({ hostAttempts: 5, avoid: [first.host] });
});

test('a body is sent again with the next attempt', async () => {
  const host = await open({ policy: { retryOn: '5xx' }, answers: [status(500)] });
  host.request({ method: 'POST', body: ['hello ', 'world'] });
  host.clock.advance(1000);
  const bodies = host.upstream.attempts.map((attempt) => attempt.request.body.toString());
  expect(bodies).toEqual(['hello world', 'hello world']);
});

test('attempts are counted where the virtual host wants it', async () => {
  const host = await open({
    policy: { retryOn: '5xx', numRetries: 2 },
    answers: [status(500), status(500)],
    virtualHost: { includeRequestAttemptCount: true },
  });
  host.request();
  host.clock.advance(1000);
  const counts = host.upstream.attempts.map((attempt) =>
    headerOf(attempt.request, 'x-envoy-attempt-count'),
  );
  expect(counts).toEqual(['1', '2', '3']);
});

test.each([
  [{ retryBackOff: { baseInterval: '1s', maxInterval: '0.5s' } }, 'retry_back_off.max_interval'],
  [{ retriableHeaders: [{ name: 'a', safeRegexMatch: { regex: '(' } }] }, 'retriable_headers[0]'],
])('refuses a policy that makes no sense and names the field', async (policy, field) => {
  await expect(open({ policy: { retryOn: '5xx', ...policy } })).rejects.toThrow(field);
});

function isFirst(host: TestHost, attempt: SeenAttempt): boolean {
  return host.upstream.attempts.indexOf(attempt) <= 0 && host.upstream.attempts.length <= 1;
}
