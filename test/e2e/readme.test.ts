import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Child, run } from '../kit/child-process.ts';
import { TemporaryDirectory } from '../kit/temporary-directory.ts';
import { ROOT } from '../tidy/sources.ts';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Would run this test in itself, and takes its time elsewhere: `.ci/run` runs both. */
const NOT_FROM_HERE = new Set(['npm test', 'npm run check']);

/** The command lines of the README, in order. */
function commands(): readonly string[] {
  const blocks = [...README.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
  return blocks.flatMap((block) => block.trim().split('\n'));
}

test('every command of the README does what it says, in order, beside the running demo', async () => {
  await using home = await TemporaryDirectory.make();
  const env = { LATEEN_HOME: home.path, PATH: process.env['PATH'] ?? '' };
  const [start, ...rest] = commands();
  expect(start).toBe('npm start');
  await using demo = new Child('npm', ['start'], { cwd: ROOT, env });
  const [, gateway] = await demo.waitForOutput(/gateway\s+(http:\/\/[\d.]+:\d+)/, {
    deadlineMs: 120_000,
  });
  for (const command of rest) {
    if (NOT_FROM_HERE.has(command)) continue;
    const here = command
      .replaceAll('http://127.0.0.1:8080', gateway!)
      .replaceAll('/tmp/', `${home.path}/`);
    const { code, stdout, stderr } = await run('bash', ['-o', 'pipefail', '-c', here], {
      cwd: ROOT,
      env,
      deadlineMs: 60_000,
    });
    expect(`${command}: ${code}`, stdout + stderr).toBe(`${command}: 0`);
  }
}, 240_000);

test('links of the README lead to files', () => {
  const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map((match) => match[1]!);
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) expect(() => readFileSync(join(ROOT, link))).not.toThrow(/ENOENT/);
});

test('the filter of the README is the one in the templates', () => {
  const shown = /^```ts\n([\s\S]*?)^```$/m.exec(README)![1]!;
  const template = readFileSync(join(ROOT, 'sdk/templates/header/assembly/index.ts'), 'utf8');
  const squeeze = (text: string) => text.replace(/\s+/g, '');
  expect(squeeze(shown)).toBe(squeeze(template));
});
