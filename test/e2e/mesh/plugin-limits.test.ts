import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../kit/wait-for.ts';
import { compileGuest } from '../proxy/guest.ts';
import { wasmPlugin } from './resources.ts';
import { SmallMesh } from './small-mesh.ts';

/** Does what the header `x-do` says: spins for a while, or takes three MiB of memory. */
const GUEST = `
export function proxy_on_request_headers(context: i32, count: i32, end: i32): i32 {
  const what = header(0, 'x-do');
  let sum = 0;
  if (what == 'spin') for (let i = 0; i < 100000; i++) sum = sum * 31 + i;
  if (what == 'take' && memory.grow(48) < 0) unreachable();
  addHeader(0, 'x-version', sum == 1 ? 'one' : 'limited');
  return 0;
}
`;

const GATEWAY_LOG = 'proxy-front.default';

let mesh: SmallMesh;
let url: string;

beforeAll(async () => {
  const bytes = await compileGuest(GUEST);
  url = `data:application/wasm;base64,${Buffer.from(bytes).toString('base64')}`;
  mesh = await SmallMesh.start();
}, 90_000);

afterAll(() => mesh?.[Symbol.asyncDispose](), 30_000);

const apply = (...limits: readonly string[]) =>
  mesh.apply(wasmPlugin({ name: 'limited', url, spec: [`limits: {${limits.join(', ')}}`] }));

const ask = async (what: string) => (await mesh.get('/', [['x-do', what]])).status;

async function untilLogged(says: RegExp): Promise<void> {
  await waitFor(
    `${says} in the log`,
    async () => says.test(await mesh.log(GATEWAY_LOG)) || undefined,
  );
}

test('what a resource allows is what the module gets, and a new limit is in force at once', async () => {
  await apply('fuelPerRequest: 100000', 'memory: 2Mi');
  await mesh.until('the plugin', (answer) => answer.header('x-seen') === 'limited');
  expect(await ask('spin')).toBe(503);
  await untilLogged(/used up the fuel of its request .*limits\.fuelPerRequest/);
  expect(await ask('take')).toBe(503);
  await untilLogged(/refused more \(limits\.memory\)/);
  expect(await ask('nothing')).toBe(200);
  await apply('memory: 8Mi');
  await waitFor('more memory', async () => (await ask('take')) === 200 || undefined);
  expect(await ask('spin')).toBe(200);
}, 60_000);

test('a module that starts with more than it may have is refused, with what to raise', async () => {
  await apply('memory: 64Ki');
  const status = await waitFor('the refusal', async () => {
    const plugin = (await mesh.resource('WasmPlugin', 'limited'))?.plugin;
    // For a moment after the refusal the newest version is still the one that is handed out.
    return plugin?.configured === 'failed' && plugin.serving !== 'newest' ? plugin : undefined;
  });
  expect(status.message).toMatch(/starts with \d+ pages of memory .*the limit is 1 \(0\.1Mi\)/);
  expect(status.serving).toBe('previous');
  expect(await ask('take')).toBe(200);
}, 60_000);
