import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../test/kit/child-process.ts';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';

const LATEEN = join(import.meta.dirname, '../bin/lateen.mjs');

/** An empty folder: nothing of this repository is above it. */
let directory: TemporaryDirectory;

async function filter(...args: readonly string[]) {
  const cwd = directory.path;
  return run(process.execPath, [LATEEN, 'filter', ...args], {
    env: { NO_COLOR: '1' },
    cwd,
    deadlineMs: 30_000,
  });
}

async function edit(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(directory.join(file), 'utf8');
  expect(text).toContain(from);
  await directory.write(file, text.replace(from, to));
}

beforeAll(async () => {
  directory = await TemporaryDirectory.make();
  expect(await filter('new', 'mine')).toMatchObject({ code: 0 });
  expect(await filter('build', 'mine', '--release')).toMatchObject({ code: 0 });
});

afterAll(() => directory[Symbol.asyncDispose]());

test('a new filter bears its own name in every file', async () => {
  const read = (file: string) => readFile(directory.join('mine', file), 'utf8');
  expect(JSON.parse(await read('package.json'))).toMatchObject({ name: 'mine' });
  expect(await read('plugin.yaml')).toMatch(/name: mine[\s\S]*file:\/\/mine\.wasm/);
  expect(await read('filter.test.ts')).toContain("'mine.wasm'");
  expect(await read('README.md')).toMatch(/^# mine\n/);
});

test('nothing is written over, and no name or template is taken on trust', async () => {
  expect(await filter('new', 'mine')).toMatchObject({ code: 1 });
  const name = await filter('new', 'Not_A_Name');
  expect(name).toMatchObject({ code: 64 });
  expect(name.stderr).toContain('Not_A_Name cannot name a filter');
  const template = await filter('new', 'other', '--template', '../header');
  expect(template).toMatchObject({ code: 64 });
  expect(template.stderr).toContain('there is no template ../header');
});

test('a build says size and time, and leaves a source map', async () => {
  const built = await filter('build', 'mine', '--release', '-o', 'json');
  const { file, target, size, ms, problems } = JSON.parse(built.stdout);
  expect({ file, target, problems }).toEqual({
    file: 'mine.wasm',
    target: 'release',
    problems: [],
  });
  expect(ms).toBeGreaterThan(0);
  expect((await readFile(directory.join('mine/mine.wasm'))).length).toBe(size);
  const map = JSON.parse(await readFile(directory.join('mine/mine.wasm.map'), 'utf8'));
  expect(map.sources).toContain('assembly/index.ts');
});

test('what the compiler refuses is shown at its place, and the last module stays', async () => {
  const before = await readFile(directory.join('mine/mine.wasm'));
  await edit('mine/assembly/index.ts', 'return CONTINUE;', 'return CONTINUED;');
  const built = await filter('build', 'mine');
  await edit('mine/assembly/index.ts', 'return CONTINUED;', 'return CONTINUE;');
  expect(built).toMatchObject({ code: 1, stdout: '' });
  expect(built.stderr).toMatch(
    /^assembly\/index\.ts:\d+:12 error TS2304 Cannot find name 'CONTINUED'\.\n/,
  );
  expect(built.stderr).toMatch(/\n {2}\d+ \| {5}return CONTINUED;\n +\^{9}\n/);
  expect((await readFile(directory.join('mine/mine.wasm'))).equals(before)).toBe(true);
});

test('a folder without a filter is named', async () => {
  const built = await filter('build', '.');
  expect(built).toMatchObject({ code: 1 });
  expect(built.stderr).toContain('there is no assembly/index.ts in ');
});

test('a call shows what the filter did, and nothing that others do', async () => {
  const called = await filter('call', 'mine/mine.wasm', '-H', 'X-Hello: you', '-d', 'abc');
  expect(called).toMatchObject({ code: 0 });
  const [did] = called.stdout.split('\n\n');
  expect(did).toBe('The filter\n  request - x-hello: you\n  request + x-hello: world');
  expect(called.stdout).toContain('  :method: POST\n');
});

test('a recorded call is played again', async () => {
  const args = ['call', 'mine/mine.wasm', '-o', 'json'];
  const first = await filter(...args, '--path', '/some?x=1', '--record', 'one.json');
  const second = await filter(...args, '--replay', 'one.json');
  expect(JSON.parse(second.stdout)).toEqual(JSON.parse(first.stdout));
  expect(JSON.parse(second.stdout).upstream.headers).toContainEqual([':path', '/some?x=1']);
  await directory.write('bad.json', '{"method": 1}');
  const bad = await filter(...args, '--replay', 'bad.json');
  expect(bad).toMatchObject({ code: 1 });
  expect(bad.stderr).toContain('bad.json is no recorded request: method is no text');
});

test('a module that traps is reported, and so is the answer that clients get', async () => {
  await edit('mine/assembly/index.ts', 'return CONTINUE;', 'unreachable(); return CONTINUE;');
  expect(await filter('build', 'mine')).toMatchObject({ code: 0 });
  const called = await filter('call', 'mine/mine.wasm', '-o', 'json');
  await edit('mine/assembly/index.ts', 'unreachable(); return', 'return');
  expect(await filter('build', 'mine', '--release')).toMatchObject({ code: 0 });
  expect(called.code).toBe(1);
  const { fault, source, response } = JSON.parse(called.stdout);
  expect(fault).toContain('proxy_on_request_headers');
  expect(source).toMatch(/return CONTINUE;\n +\| +\^/);
  expect(response.headers).toContainEqual([':status', '503']);
});

test('inspect tells what a module may do without running it', async () => {
  const inspected = await filter('inspect', 'mine/mine.wasm', '-o', 'json');
  expect(JSON.parse(inspected.stdout)).toMatchObject({
    abi: '0.2.1',
    may: ['change headers', 'write to the log'],
    memory: { min: 1 },
  });
  const shown = await filter('inspect', 'mine/mine.wasm');
  expect(shown.stdout).toContain('\nCallbacks\n  proxy_on_context_create\n');
  await directory.write('no.wasm', 'hello');
  expect(await filter('inspect', 'no.wasm')).toMatchObject({ code: 1 });
});

test('a schema is shown of the module that carries it, and refused where it is none', async () => {
  const name = 'my-rate-limit';
  expect(await filter('new', name, '--template', 'rate-limit')).toMatchObject({ code: 0 });
  expect(await filter('build', name, '--release')).toMatchObject({ code: 0 });
  const inspected = await filter('inspect', `${name}/${name}.wasm`);
  expect(inspected.stdout).toContain('custom lateen.config_schema');
  await directory.write(`${name}/config.schema.json`, '{"type": 1}');
  const refused = await filter('build', name);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('config.schema.json');
});

test('a bench tells time, fuel and memory of a request', async () => {
  const args = ['bench', 'mine/mine.wasm', '--requests', '2000', '--live', '50', '-o', 'json'];
  const benched = await filter(...args);
  expect(benched).toMatchObject({ code: 0 });
  const result = JSON.parse(benched.stdout);
  expect(result).toMatchObject({ requests: 2000, live: 50, failed: 0, memoryGrowthBytes: 0 });
  expect(result.fuel).toBeGreaterThan(10);
  expect(result.us.with.p99).toBeGreaterThanOrEqual(result.us.with.p50);
  expect(await filter('bench', 'mine/mine.wasm', '--requests', '1')).toMatchObject({ code: 64 });
});

test('every command has its help, and refuses options that it has not', async () => {
  for (const name of ['new', 'build', 'test', 'dev', 'inspect', 'call', 'bench']) {
    expect(await filter(name, '--help')).toMatchObject({ code: 0 });
    expect(await filter(name, '--nonsense')).toMatchObject({ code: 64 });
  }
});
