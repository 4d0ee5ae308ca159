import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort, freePorts } from '../../kit/free-port.ts';
import { fetchRaw } from '../../kit/raw-client.ts';
import { RecordingOrigin } from '../../kit/recording-origin.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { compileGuest, wasmFilter } from './guest.ts';
import { ProxyProcess, runProxy } from './proxy-process.ts';
import { severalListeners } from './several-listeners.ts';

/**
 * Does in each callback what the header `x-do` says, if `x-at` names the callback:
 * traps, loops for ever, or asks for all memory there is. Counts what it has served.
 */
const HOSTILE = `
let served: i32 = 0;
let armed: string = '';
function act(callback: string): void {
  if (header(0, 'x-at') != callback && armed != callback) return;
  const what = armed == callback ? 'loop' : header(0, 'x-do');
  if (what == 'trap') unreachable();
  if (what == 'loop') while (true) served++;
  if (what == 'bomb') while (memory.grow(16) >= 0) served++;
  if (what == 'bomb') unreachable();
  if (what == 'recurse') recurse(1);
}
function recurse(n: i32): i32 { return n == 0 ? 0 : recurse(n + 1) + recurse(n + 2); }
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  served++;
  addHeader(0, 'x-served', served.toString());
  if (header(0, 'x-at') == 'tick') {
    armed = 'tick';
    proxyTick(1);
  }
  act('request-headers');
  return 0;
}
export function proxy_on_request_body(context: i32, size: i32, end: i32): i32 {
  act('request-body');
  return 0;
}
export function proxy_on_response_headers(context: i32, count: i32, end: i32): i32 {
  act('response-headers');
  return 0;
}
export function proxy_on_response_body(context: i32, size: i32, end: i32): i32 {
  act('response-body');
  return 0;
}
export function proxy_on_log(context: i32): void { act('log'); }
export function proxy_on_tick(root: i32): void { act('tick'); }
`;

const POLICIES = ['FAIL_OPEN', 'FAIL_CLOSED', 'FAIL_RELOAD'] as const;
type Policy = (typeof POLICIES)[number];

const resources = new AsyncDisposableStack();
const ports = new Map<Policy | 'bystander', number>();
let origin: RecordingOrigin;
let proxy: ProxyProcess;
let adminPort: number;

beforeAll(async () => {
  origin = resources.use(await RecordingOrigin.open({ answer: () => ({ body: 'answer' }) }));
  const free = await freePorts(5);
  adminPort = free[4]!;
  const listeners = POLICIES.map((failurePolicy, index) => {
    ports.set(failurePolicy, free[index]!);
    const filter = { name: `hostile-${index}`, file: '{{dir}}/hostile.wasm', failurePolicy };
    return {
      listenPort: free[index]!,
      upstreamPort: origin.port,
      httpFilters: [wasmFilter(filter)],
    };
  });
  ports.set('bystander', free[3]!);
  const config = severalListeners([
    ...listeners,
    { listenPort: free[3]!, upstreamPort: origin.port },
  ]);
  const files = { 'hostile.wasm': await compileGuest(HOSTILE) };
  const address = { socket_address: { address: '127.0.0.1', port_value: adminPort } };
  proxy = resources.use(
    await ProxyProcess.start({ config: { ...config, admin: { address } }, ports: free, files }),
  );
});

afterAll(() => resources.disposeAsync());

beforeEach(() => origin.forget());

function request(policy: Policy, headers: readonly (readonly [string, string])[] = []) {
  return fetchRaw(ports.get(policy)!, 'POST / HTTP/1.1', headers, 'body');
}

function hostile(policy: Policy, at: string, what: string) {
  return request(policy, [
    ['x-at', at],
    ['x-do', what],
  ]);
}

/** The filter serves again: its policy may let it rest for a moment after many faults. */
async function servesAgain(policy: Policy): Promise<void> {
  await waitFor(
    `${policy} to serve again`,
    async () => {
      origin.forget();
      const { status } = await request(policy);
      return status === 200 && origin.requests[0]!.header('x-served') !== undefined;
    },
    { deadlineMs: 10_000 },
  );
}

describe('a filter that traps', () => {
  test('is passed over where it fails open, and counts from anew after', async () => {
    expect((await hostile('FAIL_OPEN', 'request-headers', 'trap')).status).toBe(200);
    await servesAgain('FAIL_OPEN');
    expect(origin.requests[0]!.header('x-served')).toBe('1');
  });

  test.each(['FAIL_CLOSED', 'FAIL_RELOAD'] as const)(
    'answers 503 where it is %s',
    async (policy) => {
      const answer = await hostile(policy, 'request-headers', 'trap');
      expect(answer.status).toBe(503);
      expect(origin.requestCount).toBe(0);
      await servesAgain(policy);
    },
  );

  test.each(['request-body', 'response-headers'])('fails closed in %s too', async (at) => {
    const { status } = await hostile('FAIL_CLOSED', at, 'trap');
    expect(status).toBe(503);
    expect(origin.requests).toEqual(at === 'request-body' ? [] : [expect.anything()]);
    await servesAgain('FAIL_CLOSED');
  });

  test("in the answer's body cuts the answer off, or leaves it where it fails open", async () => {
    await expect(hostile('FAIL_CLOSED', 'response-body', 'trap')).rejects.toThrow();
    const open = await hostile('FAIL_OPEN', 'response-body', 'trap');
    expect([open.status, open.text]).toEqual([200, 'answer']);
    await servesAgain('FAIL_CLOSED');
  });

  test('in the log harms no answer', async () => {
    expect((await hostile('FAIL_CLOSED', 'log', 'trap')).status).toBe(200);
    await servesAgain('FAIL_CLOSED');
  });
});

describe('a filter that never returns, or takes all it can get', () => {
  const cases = ['request-headers', 'request-body', 'response-headers', 'log'].map((at) => ({
    at,
    what: 'loop',
  }));
  cases.push({ at: 'request-headers', what: 'bomb' }, { at: 'request-headers', what: 'recurse' });

  test.each(cases)('$what in $at costs one request and a moment', async ({ at, what }) => {
    await servesAgain('FAIL_RELOAD');
    let worst = 0;
    let running = true;
    const bystander = (async () => {
      while (running) {
        const start = performance.now();
        const { status } = await fetchRaw(ports.get('bystander')!, 'GET / HTTP/1.1');
        expect(status).toBe(200);
        worst = Math.max(worst, performance.now() - start);
      }
    })();
    const { status } = await hostile('FAIL_RELOAD', at, what);
    running = false;
    await bystander;
    expect(status).toBe(at === 'log' ? 200 : 503);
    expect(worst).toBeLessThan(500);
    await servesAgain('FAIL_RELOAD');
  });

  test('a timer that loops ends its VM; requests get a fresh one', async () => {
    // The first tick may come before the answer, which is then a 503.
    await request('FAIL_RELOAD', [['x-at', 'tick']]);
    await waitFor('the fault to be told', () =>
      /hostile-2.*proxy_on_tick/.test(proxy.child.stderr),
    );
    await servesAgain('FAIL_RELOAD');
  });
});

test("each fault is told once, by the filter's name and what it did", () => {
  expect(proxy.child.stderr).toMatch(/hostile-1.*unreachable/);
  expect(proxy.child.stderr).toMatch(/hostile-2.*fuel/);
});

test('the admin shows each plugin with its module, state and last fault', async () => {
  const { text } = await fetchRaw(adminPort, 'GET /wasm?format=json HTTP/1.1', [
    ['host', 'localhost'],
  ]);
  const { plugins } = JSON.parse(text.slice(text.indexOf('{')));
  const own = plugins.filter(({ name }: { name: string }) => name.startsWith('hostile-'));
  expect(own).toHaveLength(3);
  for (const plugin of own) {
    expect(plugin).toMatchObject({ trusted: false, module: expect.stringMatching(/^sha256:/) });
    expect(plugin.reloads).toBeGreaterThan(0);
    expect(plugin.last_fault).toMatch(/ in proxy_on_/);
  }
});

/** Its text, or its bytes. */
type Source = string | Uint8Array | Promise<Uint8Array>;

/** A module that says it is of that version of the ABI. */
async function ofAbi(version: string): Promise<Uint8Array> {
  const bytes = Buffer.from(await compileGuest('')).toString('latin1');
  return Buffer.from(
    bytes.replaceAll('proxy_abi_version_0_2_1', `proxy_abi_version_${version}`),
    'latin1',
  );
}

const CASES: readonly (readonly [name: string, module: Source, says: RegExp])[] = [
  ['nothing', new Uint8Array(0), /is empty/],
  ['a text', Buffer.from('hello world'), /not WebAssembly/],
  ['an error page', Buffer.from('<html>404</html>'), /HTML/],
  ['half a module', Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 9]), /LAT03\d\d/],
  [
    'a call that no host has',
    `@external("env", "proxy_open_the_door") declare function open(): void;
     export function proxy_on_request_headers(c: i32, n: i32, e: i32): i32 { open(); return 0; }`,
    /proxy_open_the_door/,
  ],
  ['another ABI', ofAbi('0_9_9'), /proxy_abi_version_0_9_9; this host speaks/],
  [
    'an endless start',
    'export function proxy_on_vm_start(root: i32, size: i32): i32 { while (true) {} return 1; }',
    /fuel/,
  ],
  [
    'an endless configuration',
    'export function proxy_on_configure(root: i32, size: i32): i32 { while (true) {} return 1; }',
    /fuel/,
  ],
  [
    'a trap in its start',
    'export function proxy_on_vm_start(root: i32, size: i32): i32 { unreachable(); return 1; }',
    /proxy_on_vm_start/,
  ],
  [
    'a refusal',
    `export function proxy_on_configure(root: i32, size: i32): i32 {
       log('wants a colour');
       return 0;
     }`,
    /wants a colour/,
  ],
];

describe('a module that cannot serve keeps the proxy from starting, and says why', () => {
  test.each(CASES)('%s', async (_, module, says) => {
    const bytes = typeof module === 'string' ? await compileGuest(module) : await module;
    const port = await freePort();
    const filter = wasmFilter({ name: 'broken', file: '{{dir}}/broken.wasm' });
    const config = severalListeners([
      { listenPort: port, upstreamPort: origin.port, httpFilters: [filter] },
    ]);
    const { code, stderr } = await runProxy({ config, files: { 'broken.wasm': bytes } });
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/error LAT03\d\d/);
    expect(code).toBe(1);
  });

  test('no file at all', async () => {
    const filter = wasmFilter({ name: 'broken', file: '/nowhere/broken.wasm' });
    const config = severalListeners([
      { listenPort: await freePort(), upstreamPort: origin.port, httpFilters: [filter] },
    ]);
    const { code, stderr } = await runProxy({ config });
    expect([code, /LAT0303 .*ENOENT/.test(stderr)]).toEqual([1, true]);
  });
});
