import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Child, run, startNode } from '../../test/kit/child-process.ts';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { KINDS } from '../api/kinds.ts';
import { KIND_NAMES, kindOf } from './kinds.ts';

const ROOT = join(import.meta.dirname, '../..');
const LATEEN = join(ROOT, 'control-plane/bin/lateen.mjs');
const PLANE = join(ROOT, 'control-plane/bin/lateen-control-plane.mjs');

const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
    - port: 80
`;

const POLICY = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: web
spec:
  hosts: [web]
  http:
    - route:
        - destination:
            host: web
`;

let directory: TemporaryDirectory;
let plane: Child;

/** Runs a command line; standard output and error apart. */
async function lateen(...args: readonly string[]) {
  const env = { LATEEN_HOME: directory.join('home'), NO_COLOR: '1' };
  return run(process.execPath, [LATEEN, ...args], { env, cwd: directory.path });
}

beforeAll(async () => {
  directory = await TemporaryDirectory.make({
    'conf/service.yaml': SERVICE,
    'vs.yaml': POLICY,
    'broken.yaml': POLICY.replace('hosts:', 'hostz:'),
    'dangling.yaml': POLICY.replace('host: web', 'host: nowhere'),
  });
  plane = startNode(
    PLANE,
    ['-f', 'conf', '--state', 'home', '--ads-port', '0', '--admin-port', '0'],
    { cwd: directory.path },
  );
  await waitFor('the control plane', () => plane.stdout.includes('admin http'), {
    deadlineMs: 20_000,
  });
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

describe('resources', () => {
  test('are applied, listed, shown as YAML and deleted', async () => {
    const applied = await lateen('apply', '-f', 'vs.yaml', '--wait');
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.stdout).toContain('VirtualService default/web created');
    const table = await lateen('get', 'vs');
    expect(table.stdout).toMatch(/VirtualService +default +web +ok/);
    const yaml = await lateen('get', 'virtualservices', 'web', '-o', 'yaml');
    expect(yaml.stdout).toContain('kind: VirtualService');
    const json = await lateen('get', 'all', '-o', 'json');
    expect(JSON.parse(json.stdout)).toHaveLength(2);
    const deleted = await lateen('delete', 'vs', 'web');
    expect(deleted.stdout).toContain('VirtualService default/web deleted');
    expect(await lateen('get', 'vs', 'web')).toMatchObject({ code: 1 });
  });

  test('with a fault are refused with place, caret and a suggestion', async () => {
    const refused = await lateen('apply', '-f', 'broken.yaml');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^broken\.yaml:6:3 .*error IST0106/m);
    expect(refused.stderr).toMatch(/\^{5}/);
    expect(refused.stderr).toContain('did you mean "hosts"');
  });

  test("of somebody else's file are not taken away", async () => {
    const refused = await lateen('delete', 'service', 'web');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('conf/service.yaml');
  });

  test('that would be applied are told by a dry run, which changes nothing', async () => {
    const dry = await lateen('apply', '-f', 'vs.yaml', '--dry-run', '-o', 'json');
    expect(JSON.parse(dry.stdout).applied).toMatchObject([{ name: 'web', change: 'created' }]);
    expect(await lateen('get', 'vs', 'web')).toMatchObject({ code: 1 });
  });
});

describe('analyze', () => {
  test('says nothing is wrong with good files, and needs no control plane', async () => {
    const good = await lateen('analyze', 'conf', 'vs.yaml');
    expect(good).toMatchObject({ code: 0 });
    expect(good.stdout).toContain('No validation issues found');
  });

  test('exits with 79 where it found errors', async () => {
    const bad = await lateen('analyze', 'conf', 'dangling.yaml');
    expect(bad.code).toBe(79);
    expect(bad.stdout).toContain('IST0101');
    const json = await lateen('analyze', 'broken.yaml', '-o', 'json');
    expect(json.code).toBe(79);
    const found = expect.objectContaining({ level: 'error', code: 'IST0106' });
    expect(JSON.parse(json.stdout)).toContainEqual(found);
  });
});

describe('usage', () => {
  test.each([
    [['frobnicate']],
    [['get']],
    [['get', 'nonsense']],
    [['apply']],
    [['demo', '--port', 'x']],
  ])('%j exits with 64 and says why', async (args) => {
    const wrong = await lateen(...args);
    expect(wrong.code).toBe(64);
    expect(wrong.stderr).not.toBe('');
  });

  test('a mesh without proxies says so', async () => {
    expect((await lateen('proxy-status')).stderr).toContain('no proxy is connected');
    expect(JSON.parse((await lateen('proxy-status', '-o', 'json')).stdout)).toEqual([]);
    expect(await lateen('proxy-config', 'all', 'nobody.default')).toMatchObject({ code: 1 });
  });

  test('without a control plane the way to one is told', async () => {
    const env = { LATEEN_HOME: directory.join('nowhere') };
    const alone = await run(process.execPath, [LATEEN, 'get', 'all'], { env, cwd: directory.path });
    expect(alone.code).toBe(1);
    expect(alone.stderr).toContain('lateen demo');
  });

  test('help costs under 100 ms', () => {
    // Time of the processor, not of the clock: the machine has other things to do.
    const report = 'process.on("exit",()=>process._rawDebug(JSON.stringify(process.cpuUsage())))';
    const env = {
      ...process.env,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(report)}`,
    };
    const times = Array.from({ length: 5 }, () => {
      const { status, stderr } = spawnSync(process.execPath, [LATEEN, '--help'], {
        env,
        encoding: 'utf8',
      });
      expect(status).toBe(0);
      const { user, system } = JSON.parse(stderr.trim().split('\n').at(-1) ?? '{}');
      return (user + system) / 1000;
    });
    expect(Math.min(...times)).toBeLessThan(100);
  });

  test('every kind that is read can be asked for by its names', () => {
    expect([...KIND_NAMES].sort()).toEqual(Object.keys(KINDS).sort());
    for (const { kind, plural } of Object.values(KINDS)) {
      expect([kindOf(kind), kindOf(kind.toLowerCase()), kindOf(plural)]).toEqual([
        kind,
        kind,
        kind,
      ]);
    }
  });
});
