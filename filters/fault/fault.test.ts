import { readFile } from 'node:fs/promises';
import { headerOf } from '@lateen/host/testing/memory-message';
import { TestHost, TestHostError } from '@lateen/host/testing/test-host';
import type { JsonObject } from '@lateen/sdk/base/json';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const FAULT = 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault';
const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
const NAME = 'envoy.filters.http.fault';
const module = (name: string) => readFile(new URL(`../dist/${name}.wasm`, import.meta.url));

interface Setup {
  readonly filter?: JsonObject;
  readonly route?: JsonObject;
  readonly random?: () => number;
}

async function hostWith({ filter = {}, route, random = () => 0 }: Setup): Promise<TestHost> {
  const perRoute = route === undefined ? {} : { [NAME]: { '@type': FAULT, ...route } };
  return TestHost.open({
    modules: [
      { name: 'fault', bytes: await module('fault'), serves: [FAULT] },
      { name: 'router', bytes: await module('router'), serves: [ROUTE_CONFIGURATION] },
    ],
    filters: [
      { name: NAME, module: 'fault', configuration: { '@type': FAULT, ...filter } },
      { name: 'router', module: 'router' },
    ],
    routes: {
      name: 'r',
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [
            { match: { prefix: '/' }, route: { cluster: 'c' }, typedPerFilterConfig: perRoute },
          ],
        },
      ],
    },
    random,
  });
}

const ALWAYS = { numerator: 100 };

test('an abort answers with its status, body, details and flag, and nothing goes upstream', async () => {
  const host = await hostWith({ filter: { abort: { httpStatus: 503, percentage: ALWAYS } } });
  const { response, stream } = host.request();
  expect(headerOf(response, ':status')).toBe('503');
  expect(response.body.toString()).toBe('fault filter abort');
  expect(stream.info.details).toBe('fault_filter_abort');
  expect(host.upstream.attempts).toEqual([]);
  expect(host.metrics.values.get('fault.aborts_injected')).toBe(1);
});

test('a delay holds the request for its time and lets it go on', async () => {
  const host = await hostWith({ filter: { delay: { fixedDelay: '7s', percentage: ALWAYS } } });
  const { response } = host.request({ body: ['x'] });
  host.clock.advance(6990);
  expect(host.upstream.attempts).toEqual([]);
  host.clock.advance(20);
  expect(headerOf(response, ':status')).toBe('200');
  expect(host.upstream.attempts[0].request.body.toString()).toBe('x');
});

test('a delay and an abort together wait first and answer then', async () => {
  const host = await hostWith({
    filter: {
      delay: { fixedDelay: '0.100s', percentage: ALWAYS },
      abort: { httpStatus: 418, percentage: ALWAYS },
    },
  });
  const { response } = host.request();
  expect(response.ended).toBe(false);
  host.clock.advance(110);
  expect(headerOf(response, ':status')).toBe('418');
});

test('a client that leaves during the delay ends the stream and nothing happens later', async () => {
  const host = await hostWith({ filter: { delay: { fixedDelay: '1s', percentage: ALWAYS } } });
  const { stream } = host.request();
  stream.onReset('remote-reset', '');
  host.clock.advance(2000);
  expect(host.upstream.attempts).toEqual([]);
});

test("a route's fault takes the place of the filter's", async () => {
  const host = await hostWith({
    filter: { abort: { httpStatus: 500, percentage: ALWAYS } },
    route: { abort: { httpStatus: 404, percentage: ALWAYS } },
  });
  expect(headerOf(host.request().response, ':status')).toBe('404');
});

test('an absent percentage means never', async () => {
  const host = await hostWith({ filter: { abort: { httpStatus: 503 } } });
  expect(headerOf(host.request().response, ':status')).toBe('200');
});

test('only requests whose headers match are concerned', async () => {
  const host = await hostWith({
    filter: {
      abort: { httpStatus: 503, percentage: ALWAYS },
      headers: [{ name: 'end-user', stringMatch: { exact: 'jason' } }],
    },
  });
  expect(headerOf(host.request().response, ':status')).toBe('200');
  const jason = host.request({ headers: [['end-user', 'jason']] });
  expect(headerOf(jason.response, ':status')).toBe('503');
});

test('only requests to the named cluster are concerned', async () => {
  const abort = { httpStatus: 503, percentage: ALWAYS };
  const other = await hostWith({ filter: { abort, upstreamCluster: 'other' } });
  expect(headerOf(other.request().response, ':status')).toBe('200');
  const same = await hostWith({ filter: { abort, upstreamCluster: 'c' } });
  expect(headerOf(same.request().response, ':status')).toBe('503');
});

test('a gRPC abort is answered with trailers that say its status', async () => {
  const host = await hostWith({ filter: { abort: { grpcStatus: 14, percentage: ALWAYS } } });
  const { response } = host.request({ headers: [['content-type', 'application/grpc']] });
  expect(headerOf(response, 'grpc-status')).toBe('14');
});

test('a request may ask for the fault that headers are allowed to ask for', async () => {
  const host = await hostWith({ filter: { abort: { headerAbort: {}, percentage: ALWAYS } } });
  expect(headerOf(host.request().response, ':status')).toBe('200');
  const asked = host.request({ headers: [['x-envoy-fault-abort-request', '409']] });
  expect(headerOf(asked.response, ':status')).toBe('409');
});

test('no more faults are active than allowed', async () => {
  const host = await hostWith({
    filter: { delay: { fixedDelay: '1s', percentage: ALWAYS }, maxActiveFaults: 1 },
  });
  host.request();
  const second = host.request();
  expect(headerOf(second.response, ':status')).toBe('200');
  host.clock.advance(1100);
  expect(host.request().response.ended).toBe(false);
});

test.each([
  [{ responseRateLimit: { fixedLimit: { limitKbps: '1' } } }, 'response_rate_limit'],
  [{ abort: { httpStatus: 99, percentage: ALWAYS } }, 'abort.http_status'],
  [{ abort: { grpcStatus: 17, percentage: ALWAYS } }, 'abort.grpc_status'],
  [{ delay: { percentage: ALWAYS } }, 'delay'],
])('refuses %j and names the field', async (filter, path) => {
  const refused = await hostWith({ filter: filter as JsonObject }).catch((error) => error);
  expect(refused).toBeInstanceOf(TestHostError);
  expect(refused.problems[0].origin.path).toContain(path);
});

test('percentages are kept over many streams, whatever the denominator', async () => {
  for (const [numerator, denominator] of [
    [25, 'HUNDRED'],
    [2500, 'TEN_THOUSAND'],
    [250_000, 'MILLION'],
  ]) {
    const streams = 2000;
    let drawn = 0;
    const host = await hostWith({
      filter: { abort: { httpStatus: 503, percentage: { numerator, denominator } } },
      random: () => drawn++ / streams,
    });
    let aborted = 0;
    for (let i = 0; i < streams; i++) {
      if (headerOf(host.request().response, ':status') === '503') aborted++;
    }
    expect(aborted / streams).toBeGreaterThan(0.21);
    expect(aborted / streams).toBeLessThan(0.29);
  }
});

test('whatever a route says, the host neither throws nor hangs', async () => {
  const fraction = fc.record({ numerator: fc.nat(200), denominator: fc.constant('HUNDRED') });
  const fault = fc.record({
    abort: fc.record({ httpStatus: fc.integer({ min: 200, max: 599 }), percentage: fraction }),
    delay: fc.record({ fixedDelay: fc.nat(3).map((s) => `${s}s`), percentage: fraction }),
  });
  await fc.assert(
    fc.asyncProperty(
      fault,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      async (route, random) => {
        const host = await hostWith({ route, random: () => random });
        const { response } = host.request();
        host.clock.advance(3100);
        expect(response.ended).toBe(true);
        const expected = [String(route.abort.httpStatus), '200'];
        expect(expected).toContain(headerOf(response, ':status'));
      },
    ),
    { numRuns: 25 },
  );
});
