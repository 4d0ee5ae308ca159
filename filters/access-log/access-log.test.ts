import { readFile } from 'node:fs/promises';
import { TestHost, TestHostError, type TestHostOptions } from '@lateen/host/testing/test-host';
import type { JsonObject } from '@lateen/sdk/base/json';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const ACCESS_LOG = 'type.googleapis.com/envoy.config.accesslog.v3.AccessLog';
const FILE = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';
const STDOUT = 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog';
const ROUTE_CONFIGURATION = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
const module = (name: string) => readFile(new URL(`../dist/${name}.wasm`, import.meta.url));

async function hostWith(
  log: JsonObject,
  options: Partial<TestHostOptions> & { readonly route?: JsonObject } = {},
): Promise<TestHost> {
  const route = options.route ?? { route: { cluster: 'c' } };
  return TestHost.open({
    modules: [
      { name: 'access-log', bytes: await module('access-log') },
      { name: 'router', bytes: await module('router'), serves: [ROUTE_CONFIGURATION] },
    ],
    filters: [{ name: 'router', module: 'router' }],
    loggers: [
      {
        name: 'log',
        module: 'access-log',
        configuration: { '@type': ACCESS_LOG, name: 'log', ...log },
      },
    ],
    routes: {
      name: 'r',
      virtualHosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [{ name: 'all', match: { prefix: '/' }, ...route }],
        },
      ],
    },
    ...options,
  });
}

const file = (fields: JsonObject): JsonObject => ({
  typedConfig: { '@type': FILE, path: '/log', ...fields },
});
const text = (inlineString: string, fields: JsonObject = {}): JsonObject =>
  file({ logFormat: { textFormatSource: { inlineString }, ...fields } });
const json = (jsonFormat: JsonObject, fields: JsonObject = {}): JsonObject =>
  file({ logFormat: { jsonFormat, ...fields } });
const written = (host: TestHost, path = '/log') => host.sinks.texts.get(path);

/** The line of one request. */
async function lineOf(
  log: JsonObject,
  request: Parameters<TestHost['request']>[0] = {},
  options: Parameters<typeof hostWith>[1] = {},
): Promise<string | undefined> {
  const host = await hostWith(log, options);
  host.request(request);
  return written(host);
}

test("a log without a format is written in Envoy's", async () => {
  const line = await lineOf(
    file({}),
    {
      method: 'POST',
      path: '/a?b=c',
      authority: 'reviews:9080',
      headers: [
        ['user-agent', 'curl/8'],
        ['x-request-id', 'id-1'],
        ['x-forwarded-for', '1.2.3.4'],
      ],
      body: ['hello'],
    },
    { upstream: { answer: () => ({ status: 201, body: 'answer!' }) } },
  );
  expect(line).toMatch(/^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] /);
  expect(line?.slice(line.indexOf(']') + 2)).toBe(
    '"POST /a?b=c HTTP/1.1" 201 - 5 7 0 - "1.2.3.4" "curl/8" "id-1" "reviews:9080" "10.0.0.1:9000"\n',
  );
});

test.each([
  ['%REQ(X-ABSENT?:METHOD)% %REQ(X-ABSENT)% %REQ(:PATH):3%', 'GET - /a/'],
  [
    '%REQ_WITHOUT_QUERY(:PATH)% %PATH(NQ)% %PATH(WQ:PATH)% %PATH%',
    '/a/b /a/b /a/b?x=1&y /a/b?x=1&y',
  ],
  ['%QUERY_PARAM(x)% %QUERY_PARAM(y)%. %QUERY_PARAM(z)%', '1 . -'],
  ['%RESP(X-ANSWER)% %RESP(:STATUS)% %TRAILER(x-end)%', 'yes 200 done'],
  ['%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS%', '200 via_upstream -'],
  ['%BYTES_RECEIVED%/%BYTES_SENT% %UPSTREAM_REQUEST_ATTEMPT_COUNT%', '3/4 1'],
  ['%UPSTREAM_HOST% %UPSTREAM_CLUSTER% %UPSTREAM_CLUSTER_RAW%', '10.0.0.1:9000 c c'],
  ['%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT%', '10.0.0.1 9000'],
  ['%UPSTREAM_LOCAL_ADDRESS% %UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%', '10.0.0.9:5000 10.0.0.9'],
  ['%UPSTREAM_HOST_NAME% %ROUTE_NAME% %FILTER_CHAIN_NAME%', 'c all test'],
  ['%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS%', '9.9.9.9:0 10.0.0.2:40000'],
  ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%', '9.9.9.9 40000'],
  ['%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_PORT%', '10.0.0.3:8080 8080'],
  ['%CONNECTION_ID% %PROTOCOL% %ACCESS_LOG_TYPE% 100%%', '1 HTTP/1.1 DownstreamEnd 100%'],
  ['%REQUESTED_SERVER_NAME% %DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_PEER_URI_SAN%', '- - -'],
  ['%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%', 'NotFound NOT_FOUND 5'],
  ['%CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%"', '- "-"'],
  ['%FILTER_STATE(nobody:PLAIN)% %REQUEST_HEADERS_BYTES:0%', '- '],
])('%s reads %s', async (format, expected) => {
  const line = await lineOf(
    text(format),
    { path: '/a/b?x=1&y', headers: [['x-forwarded-for', '1.1.1.1, 9.9.9.9']], body: ['abc'] },
    {
      upstream: {
        answer: () => ({
          status: 200,
          headers: { 'x-answer': 'yes' },
          body: 'body',
          trailers: { 'x-end': 'done', 'grpc-status': '5' },
        }),
      },
    },
  );
  expect(line).toBe(expected);
});

test.each([
  [{}, '8.8.8.8, 9.9.9.9', '9.9.9.9:0'],
  [{ xffNumTrustedHops: 1 }, '8.8.8.8, 9.9.9.9', '8.8.8.8:0'],
  [{ xffNumTrustedHops: 2 }, '8.8.8.8, 9.9.9.9', '10.0.0.2:40000'],
  [{}, '8.8.8.8, ::1', '[::1]:0'],
  [{}, '8.8.8.8, somebody', '10.0.0.2:40000'],
  [{}, '8.8.8.8, ', '10.0.0.2:40000'],
  [{ useRemoteAddress: true }, '8.8.8.8, 9.9.9.9', '10.0.0.2:40000'],
  [{ useRemoteAddress: true, xffNumTrustedHops: 1 }, '8.8.8.8, 9.9.9.9', '9.9.9.9:0'],
  [
    { useRemoteAddress: true, xffNumTrustedHops: 1, skipXffAppend: true },
    '8.8.8.8, 9.9.9.9',
    '9.9.9.9:0',
  ],
] as [JsonObject, string, string][])(
  'with %j and x-forwarded-for %j the client is %s',
  async (hcm, forwarded, expected) => {
    const request = { headers: [['x-forwarded-for', forwarded]] as const };
    expect(await lineOf(text('%DOWNSTREAM_REMOTE_ADDRESS%'), request, { hcm })).toBe(expected);
  },
);

test('what happened to a request stands in flags, details and reason', async () => {
  const format = '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%';
  const failed = await lineOf(
    text(format),
    {},
    { upstream: { answer: () => ({ fail: 'reset' }) } },
  );
  expect(failed).toMatch(/^503 UC upstream_reset_before_response_started\{[a-z_,-]+\}$/);
  const direct = await lineOf(
    text(`${format} %UPSTREAM_HOST%`),
    {},
    {
      route: { directResponse: { status: 418 } },
    },
  );
  expect(direct).toMatch(/^418 - direct_response -$/);
});

test('durations are told in milliseconds, each for its part of the way', async () => {
  const host = await hostWith(
    text('%DURATION% %REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%'),
    { upstream: { answer: () => 'silent' } },
  );
  const { stream } = host.begin({ body: ['ab'] });
  host.clock.advance(10);
  stream.onData(Buffer.from('ab'), true);
  host.clock.advance(30);
  host.upstream.attempts[0].answer({ status: 200, body: 'x' });
  expect(written(host)).toBe('40 10 40 0');
});

test.each([
  ['%Y-%m-%dT%H:%M:%S.%3fZ', '2024-02-29T23:59:59.987Z'],
  ['%E3S %E*S %6f %f', '59.987 59.987000000 987000 987000000'],
  ['%s.%3f %j %u %w %e', '1709251199.987 060 4 4 29'],
  ['%d/%b/%Y:%T %z', '29/Feb/2024:23:59:59 +0000'],
  [
    '%A %B %a %I %p %y %F %D %R %Ez %Z%%',
    'Thursday February Thu 11 PM 24 2024-02-29 02/29/24 23:59 +00:00 UTC%',
  ],
])('START_TIME(%s) reads %s', async (format, expected) => {
  const host = await hostWith(text(`%START_TIME(${format})%`));
  setWallTime(host, Date.UTC(2024, 1, 29, 23, 59, 59, 987));
  host.request();
  expect(written(host)).toBe(expected);
});

function setWallTime(host: TestHost, time: number): void {
  host.clock.wallTime = () => time;
}

test('whatever the time, the default form is that of ISO 8601', async () => {
  const host = await hostWith(text('%START_TIME%\n'));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Date.UTC(2116, 0, 1) }), (time) => {
      setWallTime(host, time);
      host.sinks.texts.set('/log', '');
      host.request();
      expect(written(host)).toBe(`${new Date(time).toISOString()}\n`);
    }),
    { numRuns: 500 },
  );
});

test('a value cannot break out of its field or its line', async () => {
  const line = await lineOf(text('"%REQ(user-agent)%"|%REQ(x)%'), {
    headers: [
      ['user-agent', 'a" 200 - "b\tc\\x'],
      ['x', '0123456\t12345678\t1234567"8'],
    ],
  });
  expect(line).toBe('"a\\x22 200 - \\x22b\\x09c\\x5Cx"|0123456\\x0912345678\\x091234567\\x228');
});

test('a JSON log has numbers, strings and null where they belong', async () => {
  const line = await lineOf(
    json({
      status: '%RESPONSE_CODE%',
      path: '%REQ(:PATH)%',
      none: '%REQ(X-ABSENT)%',
      both: '%REQ(:METHOD)% %REQ(X-ABSENT)% "quoted"',
      constant: 7.5,
      flag: true,
      nothing: null,
      nested: { duration: '%DURATION%', list: ['%PROTOCOL%', 1, {}] },
    }),
    { path: '/"a"' },
  );
  expect(line?.endsWith('}\n')).toBe(true);
  expect(JSON.parse(line ?? '')).toEqual({
    status: 200,
    path: '/"a"',
    none: null,
    both: 'GET - "quoted"',
    constant: 7.5,
    flag: true,
    nothing: null,
    nested: { duration: 0, list: ['HTTP/1.1', 1, {}] },
  });
});

test('empty values can be left out', async () => {
  const omit = { omitEmptyValues: true };
  expect(await lineOf(text('[%REQ(X-ABSENT)%]', omit))).toBe('[]');
  const line = await lineOf(json({ a: '%REQ(X-ABSENT)%', b: '%PROTOCOL%', c: 'x%REQ(Y)%' }, omit));
  expect(JSON.parse(line ?? '')).toEqual({ b: 'HTTP/1.1', c: 'x' });
});

test('whatever a header holds, the JSON is JSON and the text is one line', async () => {
  const value = fc
    .array(
      fc.oneof(fc.integer({ min: 0x20, max: 255 }), fc.constantFrom(0x09, 0x22, 0x5c, 0xc3, 0xa9)),
      {
        maxLength: 40,
      },
    )
    .map((codes) => codes.filter((code) => code !== 0x7f))
    .map((codes) => Buffer.from(codes).toString('latin1').trim());
  const asJson = await hostWith(json({ a: '%REQ(x)%', b: 'x%REQ(x)%x' }));
  const asText = await hostWith(text('"%REQ(x)%"\n'));
  fc.assert(
    fc.property(value, (header) => {
      for (const host of [asJson, asText]) {
        host.sinks.texts.set('/log', '');
        host.request({ headers: [['x', header]] });
      }
      const { a } = JSON.parse(written(asJson) ?? '');
      const bytes = Buffer.from(header, 'latin1');
      if (isUtf8(bytes)) expect(a ?? '').toBe(bytes.toString());
      expect(written(asText)).toMatch(/^"[^"\t\n]*"\n$/);
    }),
  );
});

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString()).equals(bytes);
}

test('a line has a limit: long values are cut, and its end is still there', async () => {
  const field = '%REQ(x)%';
  const line = await lineOf(text(`${field}${field}${field}<end>\n`), {
    headers: [['x', 'v'.repeat(40_000)]],
  });
  expect(line?.length).toBeLessThanOrEqual(65_536);
  expect(line?.length).toBeGreaterThan(48_000);
  expect(line?.endsWith('v<end>\n')).toBe(true);
});

test.each([
  ['statusCodeFilter', { comparison: { op: 'GE', value: { defaultValue: 400 } } }, false],
  ['statusCodeFilter', { comparison: { op: 'LE', value: { defaultValue: 200 } } }, true],
  ['statusCodeFilter', { comparison: { value: { defaultValue: 200 } } }, true],
  ['durationFilter', { comparison: { op: 'GE', value: { defaultValue: 5 } } }, true],
  ['durationFilter', { comparison: { op: 'GE', value: { defaultValue: 6 } } }, false],
  ['notHealthCheckFilter', {}, true],
  ['headerFilter', { header: { name: 'x', stringMatch: { exact: 'y' } } }, true],
  ['headerFilter', { header: { name: 'x', presentMatch: true, invertMatch: true } }, false],
  ['responseFlagFilter', {}, false],
  ['responseFlagFilter', { flags: ['UF'] }, false],
  ['grpcStatusFilter', { statuses: ['OK'] }, true],
  ['grpcStatusFilter', { statuses: ['OK', 'INTERNAL'], exclude: true }, false],
  ['runtimeFilter', { runtimeKey: 'k', percentSampled: { numerator: 100 } }, true],
  ['runtimeFilter', { runtimeKey: 'k', percentSampled: {} }, false],
  ['logTypeFilter', { types: ['DownstreamEnd'] }, true],
  ['logTypeFilter', { types: ['DownstreamEnd'], exclude: true }, false],
  ['logTypeFilter', { types: ['DownstreamStart'] }, false],
  ['andFilter', { filters: [{ notHealthCheckFilter: {} }, { responseFlagFilter: {} }] }, false],
  ['orFilter', { filters: [{ notHealthCheckFilter: {} }, { responseFlagFilter: {} }] }, true],
])('%s %j decides about a good request: %s', async (name, filter, logged) => {
  const host = await hostWith(
    { ...text('x'), filter: { [name]: filter } },
    { upstream: { answer: () => 'silent' } },
  );
  host.request({ headers: [['x', 'y']] });
  host.clock.advance(5);
  host.upstream.attempts[0].answer({ status: 200 });
  expect(written(host)).toBe(logged ? 'x' : '');
});

test.each([
  [{}, true],
  [{ flags: ['DC', 'UC'] }, true],
  [{ flags: ['U'] }, false],
])('the flags of a failed request pass %j: %s', async (filter, logged) => {
  const log = { ...text('x'), filter: { responseFlagFilter: filter } };
  const line = await lineOf(log, {}, { upstream: { answer: () => ({ fail: 'reset' }) } });
  expect(line).toBe(logged ? 'x' : '');
});

test('standard output is a target of its own', async () => {
  const host = await hostWith({
    typedConfig: { '@type': STDOUT, logFormat: { textFormatSource: { inlineString: 'x\n' } } },
  });
  host.request();
  expect(written(host, '/dev/stdout')).toBe('x\n');
});

test.each([
  [text('%DYNAMIC_METADATA(a:b)%'), 'inline_string', '%DYNAMIC_METADATA(a:b)%'],
  [text('%NOSUCH%'), 'typed_config.log_format.text_format_source.inline_string', '%NOSUCH%'],
  [text('%START_TIME(%Q)%'), 'inline_string', '%START_TIME(%Q)%'],
  [text('half %REQ(x'), 'inline_string', '%REQ(x'],
  [text('x'.repeat(20_000)), 'inline_string', 'too long'],
  [json({ a: { b: '%NOSUCH%' } }), 'log_format.json_format', '%NOSUCH%'],
  [file({ logFormat: {} }), 'typed_config.log_format', 'needs'],
  [file({ unknown: 1 }), 'typed_config.unknown', 'not supported'],
  [{ typedConfig: { '@type': FILE } }, 'typed_config.path', 'missing'],
  [{ typedConfig: { '@type': 'type.googleapis.com/x.Y' } }, 'typed_config', 'x.Y'],
  [{}, 'typed_config', 'missing'],
  [{ ...text('x'), filter: { traceableFilter: {} } }, 'filter.traceable_filter', 'not supported'],
  [{ ...text('x'), filter: {} }, 'filter', 'no kind'],
  [
    { ...text('x'), filter: { orFilter: { filters: [{ metadataFilter: {} }] } } },
    'filter.or_filter.filters[0].metadata_filter',
    'not supported',
  ],
] as [JsonObject, string, string][])('refuses %j at %s', async (log, path, message) => {
  const refused = await hostWith(log).catch((error) => error);
  expect(refused).toBeInstanceOf(TestHostError);
  expect(refused.problems[0].origin.path).toContain(path);
  expect(refused.message).toContain(message);
});

test("the control plane's log messages in old clothes mean the same", async () => {
  expect(await lineOf(file({ format: '%PROTOCOL%\n' }))).toBe('HTTP/1.1\n');
  expect(await lineOf(file({ jsonFormat: { a: '%PROTOCOL%' } }))).toBe('{"a":"HTTP/1.1"}\n');
});
