import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Child, run } from '../kit/child-process.ts';
import { staticProxy } from '../kit/envoy-config.ts';
import { freePort } from '../kit/free-port.ts';
import { fetchRaw } from '../kit/raw-client.ts';
import { RecordingOrigin } from '../kit/recording-origin.ts';
import { TemporaryDirectory } from '../kit/temporary-directory.ts';
import { waitFor } from '../kit/wait-for.ts';
import { ROOT } from '../tidy/sources.ts';

const PACKAGES = ['sdk', 'host', 'filters', 'control-plane'];
const SLOW_MS = 180_000;

/** What users do: an empty folder outside the repository, the four packages, their own Node. */
let app: TemporaryDirectory;
/** Surroundings as they are (npm may need them to reach its registry), with the pinned runtime first. */
const env = {
  ...process.env,
  PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env['PATH']}`,
} as Readonly<Record<string, string>>;

async function runIn(directory: string, command: string, args: readonly string[]) {
  const result = await run(command, args, { cwd: directory, env, deadlineMs: SLOW_MS });
  if (result.code !== 0) {
    throw new Error(
      `${command} ${args.join(' ')}: ${result.code}\n${result.stdout}\n${result.stderr}`,
    );
  }
  return result.stdout;
}

describe('the four packages, packed and installed in an empty folder', () => {
  beforeAll(async () => {
    app = await TemporaryDirectory.make();
    const tarballs = app.join('tarballs');
    await mkdir(tarballs);
    const workspaces = PACKAGES.map((name) => `--workspace=${name}`);
    const packed = await runIn(ROOT, 'npm', [
      'pack',
      '--silent',
      `--pack-destination=${tarballs}`,
      ...workspaces,
    ]);
    const files = packed.split('\n').filter((line) => line.endsWith('.tgz'));
    expect(files).toHaveLength(PACKAGES.length);
    await app.write(
      'package.json',
      JSON.stringify({ name: 'app', version: '1.0.0', type: 'module' }),
    );
    const paths = files.map((file) => join(tarballs, file));
    await runIn(app.path, 'npm', [
      'install',
      '--prefer-offline',
      '--no-audit',
      '--no-fund',
      ...paths,
    ]);
    return async () => {
      await app[Symbol.asyncDispose]();
    };
  }, SLOW_MS);

  test('the commands start', async () => {
    const bin = (name: string) => app.join('node_modules/.bin', name);
    expect(await runIn(app.path, bin('lateen'), ['--help'])).toContain('proxy-status');
    expect(await runIn(app.path, bin('lateen-proxy'), ['--version'])).toContain('0.1.0');
    expect(await runIn(app.path, bin('lateen-control-plane'), ['--help'])).toContain('lateen');
  });

  test('the proxy serves with the modules that came along', async () => {
    await using origin = await RecordingOrigin.open({ answer: () => 'hello' });
    const port = await freePort();
    const config = staticProxy({ listenPort: port, upstreamPort: origin.port });
    const file = await app.write('proxy.json', JSON.stringify(config));
    await using proxy = new Child(app.join('node_modules/.bin/lateen-proxy'), ['-c', file], {
      env,
    });
    const response = await waitFor(
      'the packaged proxy to answer',
      () => (proxy.running ? fetchRaw(port, 'GET / HTTP/1.1') : Promise.reject(proxy.stderr)),
      { deadlineMs: 20_000 },
    );
    expect(response).toMatchObject({ status: 200, text: 'hello' });
    expect(origin.faults).toEqual([]);
  });

  test('types are found by a compiler that knows nothing of this repository', async () => {
    await app.write(
      'use.ts',
      "import { ok } from '@lateen/sdk/base/result';\nconst two: number = ok(2).value;\nconsole.log(two);\n",
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const flags = ['--strict', '--module', 'nodenext', '--target', 'es2024', '--noEmit'];
    await runIn(app.path, 'node', [tsc, ...flags, 'use.ts']);
  });

  test('a filter compiles against the packaged SDK', async () => {
    const sdk = app.join('node_modules/@lateen/sdk');
    await mkdir(app.join('assembly'));
    await copyFile(join(sdk, 'templates/header/assembly/index.ts'), app.join('assembly/index.ts'));
    await runIn(app.path, 'node', [
      join(ROOT, 'node_modules/assemblyscript/bin/asc.js'),
      'assembly/index.ts',
      '--config',
      join(sdk, 'assembly/asconfig.json'),
      '--target',
      'release',
      '--outFile',
      'filter.wasm',
    ]);
    const bytes = await readFile(app.join('filter.wasm'));
    expect(bytes.includes('proxy_on_request_headers')).toBe(true);
  });

  test(
    'a new filter builds, is tested and called in a folder of its own',
    async () => {
      const lateen = app.join('node_modules/.bin/lateen');
      await runIn(app.path, lateen, ['filter', 'new', 'mine']);
      const mine = app.join('mine');
      // As `npm install` there would: the packages are those just packed, the rest is pinned.
      const wanted = JSON.parse(await readFile(join(mine, 'package.json'), 'utf8'));
      const others = Object.entries<string>(wanted.devDependencies)
        .filter(([name]) => !name.startsWith('@lateen/'))
        .map(([name, version]) => `${name}@${version}`);
      expect(others).toHaveLength(3);
      await runIn(app.path, 'npm', [
        'install',
        '--prefer-offline',
        '--no-audit',
        '--no-fund',
        ...others,
      ]);
      expect(await runIn(mine, lateen, ['filter', 'test'])).toContain('2 passed');
      const called = await runIn(mine, lateen, ['filter', 'call']);
      expect(called).toMatch(/^The filter\n {2}request \+ x-hello: world\n\n/);
      expect(await runIn(mine, lateen, ['filter', 'inspect', 'mine.wasm'])).toContain('0.2.1');
      await runIn(app.path, lateen, ['conformance', '--write-module', 'driver.wasm']);
      const driver = await readFile(app.join('driver.wasm'));
      expect(driver.includes('proxy_on_response_body')).toBe(true);
    },
    SLOW_MS,
  );
});
