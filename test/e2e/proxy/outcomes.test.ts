import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConfigObject, staticProxy } from '../../kit/envoy-config.ts';
import { freePorts } from '../../kit/free-port.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { steps, UnrulyServer } from '../../kit/unruly-server.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { ProxyProcess } from './proxy-process.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const ENVOY = 'type.googleapis.com/envoy';

const LOG = {
  name: 'envoy.access_loggers.file',
  typed_config: {
    '@type': `${ENVOY}.extensions.access_loggers.file.v3.FileAccessLog`,
    path: '{{dir}}/access.log',
    log_format: {
      text_format_source: {
        inline_string:
          '%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %UPSTREAM_CLUSTER%\n',
      },
    },
  },
};

const FAULT = `${ENVOY}.extensions.filters.http.fault.v3.HTTPFault`;

function to(path: string, route: ConfigObject, more: ConfigObject = {}): ConfigObject {
  return { match: { path }, route: { cluster: 'origin', ...route }, ...more };
}

const abort = { abort: { http_status: 429, percentage: { numerator: 100 } } };
const ROUTES = [
  to('/ok', {}),
  to('/timeout', { timeout: '0.1s' }),
  to('/per-try', { retry_policy: { retry_on: 'reset', num_retries: 0, per_try_timeout: '0.1s' } }),
  to('/reset', {}),
  to('/garbage', {}),
  to('/cut', {}),
  to('/leave', { timeout: '0s' }),
  to('/idle', { timeout: '0s', idle_timeout: '0.1s' }),
  to('/closed', { cluster: 'closed' }),
  to('/exhausted', {
    cluster: 'closed',
    retry_policy: {
      retry_on: 'connect-failure',
      num_retries: 1,
      retry_back_off: { base_interval: '0.001s' },
    },
  }),
  to('/empty', { cluster: 'empty' }),
  to('/missing', { cluster: 'missing' }),
  to(
    '/fault',
    {},
    { typed_per_filter_config: { 'envoy.filters.http.fault': { '@type': FAULT, ...abort } } },
  ),
  { match: { path: '/direct' }, direct_response: { status: 204 } },
  { match: { path: '/redirect' }, redirect: { path_redirect: '/ok' } },
];

const resources = new AsyncDisposableStack();
let origin: UnrulyServer;
let proxy: ProxyProcess;
let port: number;

beforeAll(async () => {
  origin = resources.use(await UnrulyServer.open());
  const [listen, closed] = await freePorts(2);
  port = listen!;
  const manager = {
    access_log: [LOG],
    normalize_path: true,
    route_config: {
      name: 'local',
      validate_clusters: false,
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: ROUTES }],
    },
  };
  const fault = { name: 'envoy.filters.http.fault', typed_config: { '@type': FAULT } };
  const options = { listenPort: port, upstreamPort: origin.port, httpFilters: [fault], manager };
  const config = staticProxy(options);
  const others = [staticProxy({ ...options, upstreamPort: closed!, cluster: { name: 'closed' } })];
  const empty = { cluster_name: 'empty', endpoints: [] };
  others.push(staticProxy({ ...options, cluster: { name: 'empty', load_assignment: empty } }));
  const own = config['static_resources'] as { listeners: unknown; clusters: unknown[] };
  for (const other of others) {
    own.clusters.push(...(other['static_resources'] as { clusters: unknown[] }).clusters);
  }
  const args = ['--file-flush-interval-msec', '5'];
  proxy = resources.use(await ProxyProcess.start({ config, ports: [port], args }));
});

afterAll(() => resources.disposeAsync());

/** The line that the log has for this path; it is written when the stream is over. */
async function logged(path: string): Promise<string> {
  const line = await waitFor(`a line for ${path}`, async () => {
    const lines = (await proxy.directory.read('access.log')).split('\n');
    return lines.find((each) => each.startsWith(`${path} `));
  });
  return line.slice(path.length + 1);
}

const answered: readonly (readonly [
  path: string,
  script: Parameters<UnrulyServer['setScript']>[0],
  line: string | RegExp,
])[] = [
  ['/ok', [steps.readHead, steps.send(OK)], '200 - via_upstream origin'],
  ['/timeout', [steps.readHead, steps.stall], '504 UT response_timeout origin'],
  [
    '/per-try',
    [steps.readHead, steps.stall],
    /^504 (URX,)?UT(,URX)? (upstream_per_try_timeout|response_timeout) origin$/,
  ],
  [
    '/reset',
    [steps.readHead, steps.reset],
    /^503 UC upstream_reset_before_response_started\{connection_termination\} origin$/,
  ],
  [
    '/garbage',
    [steps.readHead, steps.send('garbage\r\n\r\n')],
    /^502 UPE upstream_reset_before_response_started\{protocol_error\} origin$/,
  ],
  ['/idle', [steps.readHead, steps.stall], /^504 SI stream_idle_timeout origin$/],
  [
    '/closed',
    [],
    /^503 UF upstream_reset_before_response_started\{.*connection_failure.*\} closed$/,
  ],
  [
    '/exhausted',
    [],
    /^503 (UF,URX|URX,UF) upstream_reset_before_response_started\{.*connection_failure.*\} closed$/,
  ],
  ['/empty', [], '503 UH no_healthy_upstream empty'],
  ['/missing', [], /^503 NC cluster_not_found (-|missing)$/],
  ['/fault', [], '429 FI fault_filter_abort origin'],
  ['/direct', [], '204 - direct_response -'],
  ['/redirect', [], '301 - direct_response -'],
  ['/nowhere', [], '404 NR route_not_found -'],
  ['/%00', [], /^400 - path_normalization_failed -$/],
];

test.each(answered)("%s is logged in Envoy's words", async (path, script, line) => {
  for (const connection of origin.connections) connection.destroy();
  origin.setScript(script);
  await fetchRaw(port, `GET ${path} HTTP/1.1`);
  const found = await logged(path);
  if (typeof line === 'string') expect(found).toBe(line);
  else expect(found).toMatch(line);
});

const REFUSED: readonly (readonly [path: string, request: string, line: string])[] = [
  ['/te', 'Host: t\r\nTransfer-Encoding: x\r\n\r\n', '400 DPE http1.invalid_transfer_encoding -'],
  ['/fold', 'Host: t\r\n a: b\r\n\r\n', '400 DPE http1.invalid_characters -'],
  ['/host', '\r\n', '400 DPE missing_host_header -'],
  ['/big', `Host: t\r\na: ${'x'.repeat(70_000)}\r\n\r\n`, '431 DPE http1.headers_too_large -'],
];

test.each(REFUSED)(
  '%s, which never was a request, is logged all the same',
  async (path, rest, line) => {
    await using client = await RawClient.connect({ port });
    await client.send(`GET ${path} HTTP/1.1\r\n${rest}`);
    await client.untilEnd();
    expect(await logged(path)).toBe(line);
  },
);

test('a client that leaves is DC, with no status', async () => {
  const next = origin.connections.length;
  origin.setScript([steps.readHead, steps.stall]);
  const client = await RawClient.connect({ port });
  await client.send('GET /leave HTTP/1.1\r\nHost: t\r\n\r\n');
  const connection = await origin.connection(next);
  await waitFor('the request', () => connection.stepsDone > 0);
  client.reset();
  expect(await logged('/leave')).toBe('0 DC downstream_remote_disconnect origin');
});

test('an answer that is cut off keeps its status and says so', async () => {
  for (const connection of origin.connections) connection.destroy();
  origin.setScript([steps.readHead, steps.send(OK.slice(0, -1)), steps.reset]);
  await expect(fetchRaw(port, 'GET /cut HTTP/1.1')).rejects.toThrow();
  expect(await logged('/cut')).toMatch(/^200 UC upstream_reset_after_response_started\{/);
});
