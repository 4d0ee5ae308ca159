import { bundledModules } from '@lateen/filters/bundled-modules';
import { headerOf } from '@lateen/host/testing/memory-message';
import type { UpstreamScript } from '@lateen/host/testing/memory-upstream';
import { TestHost, type TestRequest } from '@lateen/host/testing/test-host';
import type { JsonObject } from '@lateen/sdk/base/json';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileGuest } from './open-guest.ts';

let bytes: Uint8Array;

beforeAll(async () => {
  bytes = await compileGuest('probe', 'release');
});

/** The probe in front of a router whose every request goes to one cluster. */
function open(configuration: JsonObject = {}, upstream?: UpstreamScript): Promise<TestHost> {
  return TestHost.open({
    modules: [{ name: 'probe', bytes, trusted: false }, ...bundledModules('router')],
    filters: [
      { name: 'probe', module: 'probe', configuration },
      { name: 'router', module: 'router' },
    ],
    ...(upstream === undefined ? {} : { upstream }),
    routes: {
      virtualHosts: [
        { domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'main' } }] },
      ],
    },
  });
}

/** Asks the probe to do something and returns what it showed of it in request headers. */
async function ask(
  wish: string,
  more: TestRequest = {},
): Promise<(name: string) => string | undefined> {
  return asked(await open(), wish, more);
}

function asked(host: TestHost, wish: string, more: TestRequest = {}) {
  host.request({ ...more, headers: [['x-do', wish], ...(more.headers ?? [])] });
  const attempt = host.upstream.attempts.findLast(({ cluster }) => cluster === 'main');
  return (name: string) =>
    attempt === undefined ? undefined : headerOf(attempt.request, `x-${name}`);
}

describe('a configuration', () => {
  test('is read into typed values, with fallbacks', async () => {
    expect(asked(await open({ greeting: 'hi' }), 'greet')('greeting')).toBe('hi');
    expect(asked(await open(), 'greet')('greeting')).toBe('hello');
  });

  test.each([
    [{ greeting: 7 }, 'greeting', 'is not a string'],
    [{ limits: { sizeMax: [] } }, 'limits.sizeMax', 'is not a number'],
    [{ limits: { other: 1 } }, 'limits.other', 'is not supported'],
    [{ names: ['a', 1] }, 'names', 'is not a list of strings'],
    [{ greting: 'hi' }, 'greting', 'is not supported'],
  ])('%o is refused at %s: %s', async (configuration, path, message) => {
    await expect(open(configuration as JsonObject)).rejects.toThrow(path);
    await expect(open(configuration as JsonObject)).rejects.toThrow(message);
  });
});

test('headers are read and edited; what is absent is null', async () => {
  const shown = await ask('headers', {
    headers: [
      ['x-many', 'one'],
      ['x-many', 'two'],
      ['x-gone', 'now'],
    ],
  });
  expect(shown('all')).toBe('one|two');
  expect(shown('absent')).toBe('null');
  expect(shown('has')).toBe('true');
  expect(shown('gone')).toBeUndefined();
  expect(shown('bad')).toBe('false');
  expect(Number(shown('pairs'))).toBeGreaterThan(8);
});

test('properties have the types that they have in Envoy; what is absent is null', async () => {
  const shown = await ask('properties');
  expect(shown('source')).toBe('10.0.0.2:40000');
  expect(shown('port')).toBe('40000');
  expect(shown('mtls')).toBe('false');
  expect(shown('absent')).toBe('null');
  expect(shown('fallback')).toBe('-7');
  expect(shown('state')).toBe('kept');
});

test('a body is held, read whole, replaced and spliced', async () => {
  const host = await open();
  host.request({ method: 'POST', headers: [['x-do', 'body']], body: ['hel', 'lo'] });
  const [attempt] = host.upstream.attempts;
  expect(attempt.request.body.toString()).toBe('<[h]ELLO>');
});

test('a response is edited on its way back', async () => {
  const host = await open({}, { answer: () => ({ status: 200, body: 'text' }) });
  const { response } = host.request({ headers: [['x-do', 'response']] });
  expect(headerOf(response, 'x-seen')).toBe('yes');
  expect(response.body.toString()).toBe('text (seen)');
});

test('a local reply answers instead of the upstream', async () => {
  const host = await open();
  const { response, stream } = host.request({ headers: [['x-do', 'reply']] });
  expect(headerOf(response, ':status')).toBe('403');
  expect(headerOf(response, 'x-why')).toBe('probe');
  expect(response.body.toString()).toBe('no entry');
  expect(stream.info.details).toBe('probe_denied');
  expect(host.upstream.attempts).toHaveLength(0);
});

test('a stream is reset', async () => {
  const host = await open();
  expect(host.request({ headers: [['x-do', 'close']] }).response.reset).not.toBeNull();
});

const sideIsSilent: UpstreamScript = {
  answer: ({ cluster }) => (cluster === 'side' ? 'silent' : { status: 200 }),
};

describe('an HTTP call', () => {
  test('holds the request until its answer is there', async () => {
    const host = await open({}, sideIsSilent);
    host.request({ headers: [['x-do', 'call']] });
    expect(host.upstream.attempts).toHaveLength(1);
    host.upstream.attempts[0].answer({ status: 202, body: 'from the side' });
    // The host lets the request go on when the module has returned.
    await Promise.resolve();
    const { request } = host.upstream.attempts[1];
    expect(headerOf(request, 'x-call')).toBe('202');
    expect(headerOf(request, 'x-call-body')).toBe('from the side');
  });

  test('that fails is heard of as a failure', async () => {
    const host = await open({}, sideIsSilent);
    const { response } = host.request({ headers: [['x-do', 'call']] });
    expect(response.headers).toEqual([]);
    host.clock.advance(1500);
    expect(headerOf(host.upstream.attempts[1].request, 'x-call')).toBe('failed');
  });

  test('to a cluster that is not there is refused at once', async () => {
    const host = await open(
      {},
      { answer: () => ({ status: 200 }), knows: (cluster) => cluster === 'main' },
    );
    expect(asked(host, 'call')('call')).toBe('refused');
  });
});

test('a timer of the stream fires once', async () => {
  const host = await open();
  host.request({ headers: [['x-do', 'timer']] });
  host.clock.advance(99);
  expect(host.upstream.attempts).toHaveLength(0);
  host.clock.advance(2);
  expect(headerOf(host.upstream.attempts[0].request, 'x-timer')).toBe('fired');
});

test('a root context ticks', async () => {
  const host = await open({ tickMs: 50 });
  host.clock.advance(220);
  expect(host.metrics.values.get('ticks')).toBe(4);
});

test('shared data is replaced only by who has seen the latest', async () => {
  const host = await open();
  asked(host, 'shared');
  const second = asked(host, 'shared');
  expect(second('shared')).toBe('1');
  expect(second('replaced')).toBe('true');
  expect(second('stale')).toBe('false');
  expect(asked(host, 'shared')('shared')).toBe('11');
});

test('metrics have names, tags and values', async () => {
  const host = await open();
  const shown = asked(host, 'metrics');
  expect(shown('count')).toBe('3');
  expect(shown('level')).toBe('3');
  expect(host.metrics.values.get('kind=.=probe;.;requests')).toBe(3);
  expect(host.metrics.histograms.get('sizes')).toEqual([17]);
});

test("Lateen's functions are found by asking, and work", async () => {
  const shown = await ask('lateen');
  expect(shown('feature')).toBe('true');
  expect(shown('no-feature')).toBe('false');
  expect(shown('flags')).toBe('true');
  expect(shown('regex')).toBe('true');
  expect(shown('bad-regex')).toBe('false');
});

test('log lines are filled in, and not below the level of the host', async () => {
  const host = await open();
  asked(host, 'log');
  expect(host.log.lines.filter((line) => /one met two|plain/.test(line))).toHaveLength(2);
  const quiet = await open();
  Object.assign(quiet.log, { enabled: (level: string) => level !== 'debug' && level !== 'trace' });
  expect(asked(quiet, 'log')('debugs')).toBe('false');
  expect(quiet.log.lines.filter((line) => /one met two|plain/.test(line))).toHaveLength(1);
});

test('the end of a stream is told once, when headers can still be read', async () => {
  const host = await open();
  host.request({ headers: [['x-do', 'onlog']] });
  expect(host.log.lines.filter((line) => line.includes('over: 200'))).toHaveLength(1);
});

test('a bug names its message, file and line in the log, and only its stream fails', async () => {
  const host = await open();
  const { response } = host.request({ headers: [['x-do', 'abort']] });
  expect(headerOf(response, ':status')).toBe('503');
  const line = host.log.lines.find((text) => text.includes('abort: '));
  expect(line).toMatch(
    /Index out of range at ~lib\/array\.ts:\d+:\d+|sdk\/assembly\/testing\/probe/,
  );
  expect(asked(host, 'greet')('greeting')).toBe('hello');
});
