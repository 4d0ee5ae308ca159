import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ConfigObject, staticProxy } from '../../kit/envoy-config.ts';
import { freePort } from '../../kit/free-port.ts';
import { fetchRaw, RawClient } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { ProxyProcess } from './proxy-process.ts';

const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';

function path(matcher: ConfigObject): ConfigObject {
  return { url_path: { path: matcher } };
}

function policy(permissions: readonly ConfigObject[]): ConfigObject {
  return { permissions, principals: [{ any: true }] };
}

const DENY = {
  action: 'DENY',
  policies: {
    admin: policy([path({ prefix: '/admin' }), path({ exact: '/secret' })]),
    role: policy([{ header: { name: 'x-role', string_match: { exact: 'guest' } } }]),
    host: policy([{ header: { name: ':authority', string_match: { exact: 'admin.svc' } } }]),
  },
};

const resources = new AsyncDisposableStack();
let origin: RecordingOrigin;
let port: number;

beforeAll(async () => {
  origin = resources.use(await RecordingOrigin.open({ answer: () => 'ok' }));
  port = await freePort();
  const rbac = { name: 'envoy.filters.http.rbac', typed_config: { '@type': RBAC, rules: DENY } };
  const manager = {
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD',
    strip_any_host_port: true,
    strip_trailing_host_dot: true,
  };
  const options = { listenPort: port, upstreamPort: origin.port, httpFilters: [rbac], manager };
  resources.use(await ProxyProcess.start({ config: staticProxy(options), ports: [port] }));
});

afterAll(() => resources.disposeAsync());

beforeEach(() => origin.forget());

async function statusOf(target: string, ...lines: string[]): Promise<number> {
  await using client = await RawClient.connect({ port });
  const host = lines.some((line) => line.startsWith('host')) ? [] : ['host: t'];
  return (await client.request(`GET ${target} HTTP/1.1`, [...host, ...lines])).status;
}

test('what is not denied passes', async () => {
  expect(await statusOf('/public')).toBe(200);
  expect(await statusOf('/ADMIN')).toBe(200);
  expect(await statusOf('/public?/../admin')).toBe(200);
  expect(await statusOf('/%252e%252e/admin')).toBe(200);
  expect(origin.requests.map((request) => request.target)).toContain('/public?/../admin');
});

const SPELLINGS = [
  ...['/admin', '/admin/', '/admin/.', '/admin/x', '/admin?x', '/administrator', '/./admin'],
  ...['/public/../admin', '/public/%2e%2e/admin', '/public/.%2e/admin', '/public/%2E./admin'],
  ...[
    '//admin',
    '///admin',
    '/public/..//admin',
    '/admin//x',
    '/%61dmin',
    '/admi%6E',
    '/%61%64min',
  ],
  ...['/public%2f..%2fadmin', '/public%5c..%5cadmin', '/%2fadmin', '/public/..%2f/admin'],
  ...['http://t/admin', 'http://t/public/../admin', '/x/../secret', '/secret?y', '/%73ecret'],
];

describe('a denied path is denied however it is spelt', () => {
  test.each(SPELLINGS)('%s', async (target) => {
    expect(await statusOf(target)).toBe(403);
    expect(origin.requestCount).toBe(0);
  });
});

describe('what cannot be a path is refused before anybody judges it', () => {
  test.each(['/admin%00', '/admin%zz', '/admin#x', '/admin%u002f', '/public\\..\\admin%'])(
    '%s',
    async (target) => {
      expect(await statusOf(target)).toBe(400);
      expect(origin.requestCount).toBe(0);
    },
  );
});

const HOSTS = ['admin.svc', 'ADMIN.svc', 'admin.svc:80', 'admin.svc.', 'Admin.Svc.:8080'];

test.each(HOSTS)('a denied host is denied as %s', async (host) => {
  expect(await statusOf('/', `host: ${host}`)).toBe(403);
});

test.each([
  ['one of several values', ['x-role: admin', 'x-role: guest']],
  ['the first of several values', ['x-role: guest', 'x-role: admin']],
  ['another case of the name', ['X-ROLE: guest']],
])('a denied header is denied as %s', async (_, lines) => {
  expect(await statusOf('/', ...lines)).toBe(403);
  expect(origin.requestCount).toBe(0);
});

test('what the origin gets is what was judged', async () => {
  for (const target of ['/a/../b', '//c', '/%64', '/e%2ff']) {
    await fetchRaw(port, `GET ${target} HTTP/1.1`);
  }
  expect(origin.requests.map((request) => request.target)).toEqual(['/b', '/c', '/d', '/e/f']);
});
