import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Child, run, startNode } from '../../test/kit/child-process.ts';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { nextFreePort } from './run/ports.ts';
import { isAlive } from './run-file.ts';

const LATEEN = join(import.meta.dirname, '../bin/lateen.mjs');
const START = { deadlineMs: 45_000 };

interface DemoLine {
  readonly gateway: string;
  readonly admin: string;
  readonly config: string;
  readonly proxies: readonly {
    readonly name: string;
    readonly pid: number;
    readonly admin: string;
  }[];
}

interface Started {
  readonly child: Child;
  readonly line: DemoLine;
}

async function startDemo(home: string, ...args: readonly string[]): Promise<Started> {
  const port = await nextFreePort(28_080 + (process.pid % 1_000));
  const child = startNode(LATEEN, ['demo', '-o', 'json', '--port', String(port), ...args], {
    env: { LATEEN_HOME: home },
  });
  const text = await waitFor('the JSON line', () => /^\{.*\}$/m.exec(child.stdout)?.[0], START);
  return { child, line: JSON.parse(text) as DemoLine };
}

async function reviews(gateway: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${gateway}/api/v1/products/0/reviews`);
  return { status: response.status, text: await response.text() };
}

describe('a running demo', () => {
  let directory: TemporaryDirectory;
  let demo: Started;

  beforeAll(async () => {
    directory = await TemporaryDirectory.make();
    demo = await startDemo(directory.join('home'), '--rate', '0');
  }, 60_000);

  afterAll(async () => {
    await demo?.child[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  async function lateen(...args: readonly string[]) {
    const env = { LATEEN_HOME: directory.join('home') };
    return run(process.execPath, [LATEEN, ...args], { env, cwd: directory.path });
  }

  /** Calls all the time; what is not answered with 200 is kept. */
  async function underLoad(task: () => Promise<void>): Promise<readonly string[]> {
    const failures: string[] = [];
    let going = true;
    const loops = Array.from({ length: 4 }, async () => {
      while (going) {
        const answer = await fetch(`${demo.line.gateway}/productpage`).catch((error) => error);
        if (answer.status !== 200) failures.push(String(answer.status ?? answer));
        else await answer.arrayBuffer();
      }
    });
    await task();
    going = false;
    await Promise.all(loops);
    return failures;
  }

  test('serves the page through the gateway and seven proxies in sync', async () => {
    const page = await fetch(`${demo.line.gateway}/productpage`);
    expect(page.status).toBe(200);
    expect(demo.line.proxies).toHaveLength(7);
    const status = await lateen('proxy-status', '-o', 'json');
    expect(JSON.parse(status.stdout)).toHaveLength(7);
  });

  test('an edited file moves everybody to reviews v3 within a second, without a lost request', async () => {
    const file = join(demo.line.config, 'reviews.yaml');
    const before = await readFile(file, 'utf8');
    let tookMs = 0;
    const failures = await underLoad(async () => {
      const weights = ['0', '0', '100'];
      let next = 0;
      await writeFile(
        file,
        before.replaceAll(/weight: \d+/g, () => `weight: ${weights[next++]}`),
      );
      const from = performance.now();
      let streak = 0;
      await waitFor('twenty answers of v3', async () => {
        streak = (await reviews(demo.line.gateway)).text.includes('"version":"v3"') ? streak + 1 : 0;
        if (streak === 1) tookMs = performance.now() - from;
        return streak >= 20;
      });
    });
    expect(failures).toEqual([]);
    expect(tookMs).toBeLessThan(1000);
    await writeFile(file, before);
  });

  test('the filter of the third thing to try is loaded and taken out under load', async () => {
    const failures = await underLoad(async () => {
      const file = join(directory.join('home'), 'demo/try/hello-filter.yaml');
      const applied = await lateen('apply', '-f', file, '--wait');
      expect(applied).toMatchObject({ code: 0 });
      const page = await fetch(`${demo.line.gateway}/productpage`);
      expect(page.headers.get('x-hello')).toBe('from a filter in a YAML file');
      const state = await lateen('get', 'wasmplugin', '-o', 'json');
      expect(JSON.parse(state.stdout)[0].plugin).toMatchObject({ configured: 'yes', active: 1 });
      await lateen('delete', 'wasmplugin', 'hello');
      await waitFor('the header to go', async () => {
        const after = await fetch(`${demo.line.gateway}/productpage`);
        return !after.headers.has('x-hello');
      });
    });
    expect(failures).toEqual([]);
  });

  test('calls really pass through the sidecars: without those of reviews, reviews fail', async () => {
    const sidecars = demo.line.proxies.filter(({ name }) => name.startsWith('reviews-'));
    expect(sidecars).toHaveLength(3);
    for (const { pid } of sidecars) process.kill(pid, 'SIGKILL');
    await waitFor('reviews to fail', async () => (await reviews(demo.line.gateway)).status >= 500);
  });
});

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'after %s no process of the demo is left',
  async (signal) => {
    await using directory = await TemporaryDirectory.make();
    const { child, line } = await startDemo(directory.join('home'));
    await using _ = child;
    const pids = await descendants(child.pid);
    expect(pids.length).toBeGreaterThanOrEqual(14);
    expect(line.proxies.every(({ pid }) => isAlive(pid))).toBe(true);
    process.kill(child.pid, signal);
    await waitFor('the end of all', () => pids.every((pid) => !isAlive(pid)), START);
  },
  90_000,
);

/** Every process below `pid`, and it. */
async function descendants(pid: number): Promise<readonly number[]> {
  const path = `/proc/${pid}/task/${pid}/children`;
  const children = (await readFile(path, 'utf8').catch(() => '')).trim();
  const below =
    children === ''
      ? []
      : await Promise.all(children.split(' ').map((each) => descendants(Number(each))));
  return [pid, ...below.flat()];
}
