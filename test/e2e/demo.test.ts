import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Child, run } from '../kit/child-process.ts';
import { freePort } from '../kit/free-port.ts';
import { fetchRaw, type RawResponse } from '../kit/raw-client.ts';
import { SteadyLoad } from '../kit/steady-load.ts';
import { TemporaryDirectory } from '../kit/temporary-directory.ts';
import { waitFor } from '../kit/wait-for.ts';
import { ROOT } from '../tidy/sources.ts';

/** The line that `lateen demo -o json` prints once all is up. */
interface DemoSummary {
  readonly gateway: string;
  readonly admin: string;
  readonly config: string;
  readonly proxies: readonly { readonly name: string; readonly pid: number }[];
}

const SLOW_MS = 90_000;
const NODE_FLAGS = ['--conditions=lateen-source', join(ROOT, 'control-plane/cli/main.ts')];

class Demo {
  readonly child: Child;
  readonly home: TemporaryDirectory;
  readonly summary: DemoSummary;
  readonly port: number;

  private constructor(child: Child, home: TemporaryDirectory, summary: DemoSummary) {
    this.child = child;
    this.home = home;
    this.summary = summary;
    this.port = Number(new URL(summary.gateway).port);
  }

  static async start(): Promise<Demo> {
    const home = await TemporaryDirectory.make();
    const env = { LATEEN_HOME: home.path };
    const args = [...NODE_FLAGS, 'demo', '-o', 'json', '--port', String(await freePort())];
    const child = new Child(process.execPath, args, { cwd: home.path, env });
    const [line] = await child.waitForOutput(/^\{.*"gateway".*\}$/m, { deadlineMs: SLOW_MS });
    return new Demo(child, home, JSON.parse(line));
  }

  /** Runs a command of the command line beside it. */
  async lateen(...args: string[]) {
    const env = { LATEEN_HOME: this.home.path };
    return await run(process.execPath, [...NODE_FLAGS, ...args], {
      cwd: ROOT,
      env,
      deadlineMs: 60_000,
    });
  }

  async get(path: string): Promise<RawResponse> {
    return await fetchRaw(this.port, `GET ${path} HTTP/1.1`, [['host', 'bookinfo.example']]);
  }

  /** The version of reviews that answers. */
  async reviewsVersion(): Promise<string> {
    const { text } = await this.get('/api/v1/products/0/reviews');
    return JSON.parse(text).version;
  }

  async editConfig(name: string, edit: (text: string) => string): Promise<void> {
    const file = join(this.summary.config, name);
    await writeFile(file, edit(await readFile(file, 'utf8')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop({ deadlineMs: 10_000 });
    await this.home[Symbol.asyncDispose]();
  }
}

/** Weights of v1, v2 and v3, in the order in which the file has them. */
function weights(values: readonly number[]): (text: string) => string {
  let index = 0;
  return (text) => text.replace(/weight: \d+/g, () => `weight: ${values[index++]}`);
}

describe(
  'the demo',
  () => {
    let demo: Demo;

    beforeAll(async () => {
      demo = await Demo.start();
    }, SLOW_MS);

    afterAll(async () => {
      await demo[Symbol.asyncDispose]();
    }, 30_000);

    test('serves the product page through gateway and sidecars', async () => {
      const { status, text } = await demo.get('/productpage');
      expect(status).toBe(200);
      expect(text).toContain('William Shakespeare');
      expect((await demo.get('/nowhere')).status).toBe(404);
      expect(demo.summary.proxies).toHaveLength(7);
    });

    test('every request after an edit follows the new weights, and none fails on the way', async () => {
      await using load = new SteadyLoad({
        url: `${demo.summary.gateway}/api/v1/products/0/reviews`,
      });
      for (const [version, values] of Object.entries({ v3: [0, 0, 100], v1: [100, 0, 0] })) {
        const from = performance.now();
        await demo.editConfig('reviews.yaml', weights(values));
        await waitFor(`reviews ${version} alone`, async () => {
          const seen = await Promise.all(Array.from({ length: 6 }, () => demo.reviewsVersion()));
          return seen.every((each) => each === version);
        });
        expect(performance.now() - from).toBeLessThan(3_000);
      }
      expect(load.counts.failures).toEqual([]);
      expect(load.counts.ok).toBeGreaterThan(20);
    });

    test('a broken file changes nothing, and is reported with its place', async () => {
      await demo.editConfig('reviews.yaml', (text) => text.replace('subset: v1', 'subst: v1'));
      const problems = await waitFor('the complaint', async () => {
        const { stdout } = await demo.lateen('analyze', demo.summary.config);
        return /reviews\.yaml:\d+:\d+ .*error/.test(stdout) ? stdout : undefined;
      });
      expect(problems).toContain('did you mean');
      expect((await demo.get('/productpage')).status).toBe(200);
      expect(await demo.reviewsVersion()).toBe('v1');
      await demo.editConfig('reviews.yaml', (text) => text.replace('subst: v1', 'subset: v1'));
    });

    test('a filter is loaded into the running gateway and taken out again without a failed request', async () => {
      const plugin = 'control-plane/cli/demo/try/hello-filter.yaml';
      await using load = new SteadyLoad({
        url: `${demo.summary.gateway}/productpage`,
        keepAlive: false,
      });
      const applied = await demo.lateen('apply', '-f', plugin, '--wait');
      expect(applied.code, applied.stdout + applied.stderr).toBe(0);
      await waitFor('the header', async () => (await demo.get('/productpage')).header('x-hello'));
      expect((await demo.lateen('get', 'wasmplugin')).stdout).toMatch(/hello.*1\/1/);
      expect((await demo.lateen('delete', 'wasmplugin', 'hello')).code).toBe(0);
      await waitFor('the header to go', async () => {
        return (await demo.get('/productpage')).header('x-hello') === undefined;
      });
      expect(load.counts.failures).toEqual([]);
      expect(load.counts.ok).toBeGreaterThan(20);
    });

    test("without reviews' sidecars there are no reviews: nothing goes around the mesh", async () => {
      const sidecars = demo.summary.proxies.filter(({ name }) => name.startsWith('reviews-'));
      expect(sidecars).toHaveLength(3);
      for (const { pid } of sidecars) process.kill(pid, 'SIGKILL');
      await waitFor('reviews to fail', async () => {
        return (await demo.get('/api/v1/products/0/reviews')).status === 503;
      });
      const { status, text } = await demo.get('/productpage');
      expect(status).toBe(200);
      expect(text).toContain('product reviews are currently unavailable');
    });
  },
  SLOW_MS,
);

/** The processes that have this environment variable's value: the demo and all its descendants. */
async function processesOf(home: string): Promise<readonly string[]> {
  const { stdout } = await run('bash', [
    '-c',
    `grep -lsz "^LATEEN_HOME=${home}$" /proc/[0-9]*/environ || true`,
  ]);
  return stdout.split('\n').filter((line) => line !== '');
}

test.each(['SIGINT', 'SIGKILL'] as const)(
  'after %s nothing of it is left',
  async (signal) => {
    const demo = await Demo.start();
    expect((await processesOf(demo.home.path)).length).toBeGreaterThan(10);
    demo.child.signal(signal);
    await waitFor(
      'every process to end',
      async () => (await processesOf(demo.home.path)).length === 0,
      {
        deadlineMs: 15_000,
      },
    );
    await demo[Symbol.asyncDispose]();
  },
  SLOW_MS,
);
