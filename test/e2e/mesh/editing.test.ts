import { rename } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../kit/wait-for.ts';
import { isCalm, requestsPerSecondMin } from './machine.ts';
import { type LoadAnswer, MixedLoad } from './mixed-load.ts';
import { routes, weights } from './resources.ts';
import { SmallMesh } from './small-mesh.ts';

/** From the moment a file is saved to its first effect. */
const effectiveMs = () => (isCalm() ? 1_000 : 5_000);

const TO_WEB = '    - destination: {host: web}';

let mesh: SmallMesh;

beforeAll(async () => {
  mesh = await SmallMesh.start();
}, 90_000);

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
}, 30_000);

const save = (name: string, text: string) => mesh.directory.write(`mesh/${name}`, text);

/** Answers of `web` in a row of six. */
async function share(): Promise<number> {
  const answers = await Promise.all(Array.from({ length: 6 }, () => mesh.get('/share')));
  return answers.filter((answer) => answer.header('x-from') === 'web').length;
}

/** Saves a file and measures how long it takes to matter. */
async function effective(
  what: string,
  saving: () => Promise<unknown>,
  matters: () => Promise<boolean>,
): Promise<void> {
  const from = performance.now();
  await saving();
  await waitFor(what, matters, { deadlineMs: 10_000 });
  const ms = performance.now() - from;
  expect(ms, what).toBeLessThan(effectiveMs());
}

describe('edits under load', () => {
  let load: MixedLoad;
  /** What the load may meet beside 200. */
  let allowed: readonly number[];

  beforeEach(async () => {
    allowed = [200];
    const fault = ({ status }: LoadAnswer) =>
      allowed.includes(status) ? undefined : `status ${status}`;
    load = new MixedLoad({ port: mesh.gateway, fault });
    await waitFor('the load to run', () => load.answered > 2_000, { deadlineMs: 30_000 });
  });

  afterEach(async () => {
    await load.stop();
    await save('routes.yaml', routes(TO_WEB));
    await waitFor('the beginning again', async () => (await share()) === 6);
  });

  /** Nothing was dropped, and there was something to drop. */
  async function expectUnharmed(): Promise<void> {
    const report = await load.stop();
    expect(report.faults).toEqual({});
    expect(report.perSecond).toBeGreaterThan(requestsPerSecondMin());
  }

  test('weights', async () => {
    await effective(
      'all to other',
      () => save('routes.yaml', weights(0, 100)),
      async () => (await share()) === 0,
    );
    await effective(
      'all to web',
      () => save('routes.yaml', weights(100, 0)),
      async () => (await share()) === 6,
    );
    await effective(
      'half and half',
      () => save('routes.yaml', weights(50, 50)),
      async () => [1, 2, 3, 4, 5].includes(await share()),
    );
    await expectUnharmed();
  }, 60_000);

  test('aborts and delays', async () => {
    allowed = [200, 418];
    const abort = '    fault: {abort: {httpStatus: 418, percentage: {value: 100}}}\n';
    await effective(
      'abort',
      () => save('routes.yaml', routes(TO_WEB, abort)),
      async () => (await mesh.get('/')).status === 418,
    );
    const delay = '    fault: {delay: {fixedDelay: 0.3s, percentage: {value: 100}}}\n';
    await effective(
      'delay',
      () => save('routes.yaml', routes(TO_WEB, delay)),
      async () => {
        const from = performance.now();
        const { status } = await mesh.get('/');
        return status === 200 && performance.now() - from >= 290;
      },
    );
    await effective(
      'neither',
      () => save('routes.yaml', routes(TO_WEB)),
      async () => {
        const from = performance.now();
        const { status } = await mesh.get('/');
        return status === 200 && performance.now() - from < 290;
      },
    );
    await expectUnharmed();
  }, 60_000);

  test('authorization', async () => {
    const forbidden = async () => (await mesh.get('/secret/x')).status === 403;
    await effective('deny', () => save('deny.yaml', DENY), forbidden);
    expect((await mesh.get('/public')).status).toBe(200);
    await effective(
      'allow again',
      () => save('deny.yaml', DENY.replaceAll('/secret', '/elsewhere')),
      async () => !(await forbidden()),
    );
    await rename(mesh.directory.join('mesh/deny.yaml'), mesh.directory.join('deny.yaml'));
    await expectUnharmed();
  }, 60_000);
});

const DENY = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny}
spec:
  selector: {matchLabels: {app: web}}
  action: DENY
  rules:
  - to: [{operation: {paths: ["/secret", "/secret/*"]}}]
`;

interface BrokenFile {
  readonly what: string;
  readonly text: string;
  readonly problem: RegExp;
}

const GOOD = weights(100, 0);

const BROKEN: readonly BrokenFile[] = [
  {
    what: 'half a file',
    text: GOOD.slice(0, GOOD.indexOf('destination: {host: other')),
    problem: /routes\.yaml:\d+:\d+ /,
  },
  {
    what: 'an unknown field',
    text: GOOD.replace('weight: 100', 'weigth: 100'),
    problem:
      /routes\.yaml:10:7 error IST0106 .*weigth.*did you mean.*weight.*\n +10 \| +weigth: 100\n +\^{6}\n/,
  },
  {
    what: 'a bad type',
    text: GOOD.replace('weight: 100', 'weight: lots'),
    problem: /routes\.yaml:10:\d+ error .*\n +10 \| +weight: lots\n +\^+/,
  },
  {
    what: 'an unknown kind',
    text: GOOD.replace('kind: VirtualService', 'kind: VirtualServise'),
    problem:
      /routes\.yaml:2:7 error LAT0102 .*VirtualServise.*did you mean.*VirtualService.*\n +2 \| .*\n +\^{14}\n/,
  },
];

describe('a broken file changes nothing that runs, and is told by its place', () => {
  test.each(BROKEN)(
    '$what',
    async ({ text, problem }) => {
      await save('routes.yaml', GOOD);
      await waitFor('the good file', async () => (await share()) === 6);
      const load = new MixedLoad({
        port: mesh.gateway,
        requestsPerSecond: 200,
        fault: ({ status, headers }) =>
          status === 200 && headers['x-from'] === 'web'
            ? undefined
            : `${status} ${headers['x-from']}`,
      });
      await save('routes.yaml', text);
      const said = await waitFor(
        'the complaint',
        async () => {
          const { stdout } = await mesh.lateen('get', 'problems');
          return stdout.includes('routes.yaml') ? stdout : undefined;
        },
        { deadlineMs: 10_000 },
      );
      expect(said).toMatch(problem);
      const { code, stdout } = await mesh.lateen('analyze', 'mesh');
      expect([code, stdout]).toEqual([79, expect.stringMatching(problem)]);
      const { stdout: json } = await mesh.lateen('analyze', 'mesh', '-o', 'json');
      expect(JSON.parse(json)).toContainEqual(expect.objectContaining({ level: 'error' }));
      await save('routes.yaml', GOOD);
      await waitFor('no complaint', async () => {
        const problems = (await (await mesh.api('GET', '/v1/problems')).json()) as {
          problems: unknown[];
        };
        return problems.problems.length === 0;
      });
      const { code: healed } = await mesh.lateen('analyze', 'mesh');
      expect(healed).toBe(0);
      expect((await load.stop()).faults).toEqual({});
    },
    60_000,
  );
});
