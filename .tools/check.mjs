// Runs every check that needs no running code, side by side: types, format and lint, unused code,
// house rules. Prints one line for each and the output of those that fail.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules/.bin', name);
const vitest = join(root, 'node_modules/vitest/vitest.mjs');

const checks = [
  { name: 'types', command: bin('tsc'), args: ['-p', '.'] },
  { name: 'format and lint', command: bin('biome'), args: ['check', '--error-on-warnings'] },
  { name: 'unused code', command: bin('knip'), args: ['--no-progress'] },
  {
    name: 'house rules',
    command: bin('node'),
    args: [vitest, 'run', '--config', 'test/vitest.config.ts', 'test/tidy.test.ts'],
  },
];

const started = performance.now();
const results = await Promise.all(checks.map(runCheck));
for (const { name, ok, seconds } of results)
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)`);
for (const { name, ok, output } of results) if (!ok) console.log(`\n--- ${name}\n${output}`);
const failed = results.filter((result) => !result.ok).length;
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`checks: ${results.length - failed} passed, ${failed} failed in ${seconds} s`);
process.exitCode = failed === 0 ? 0 : 1;

function runCheck({ name, command, args }) {
  const from = performance.now();
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` };
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (text) => {
      output += text;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const done = (ok) => {
      resolve({ name, ok, output, seconds: ((performance.now() - from) / 1000).toFixed(1) });
    };
    child.on('error', (error) => {
      output += error.message;
      done(false);
    });
    child.on('close', (code) => done(code === 0));
  });
}
