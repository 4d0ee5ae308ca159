import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ok, type Result } from '@lateen/sdk/base/result';
import { EXIT_FAILED, EXIT_FINDINGS, type Io } from '../../io.ts';
import { cannot, giveUp } from '../../say.ts';
import { build } from './build.ts';
import { findProject } from './project.ts';

export interface TestOptions {
  readonly directory: string;
  /** For the runner: names of test files, and its own options. */
  readonly rest: readonly string[];
  readonly output: 'text' | 'json';
}

/** Builds a filter as it is released, and runs the tests beside it. */
export async function test(options: TestOptions, io: Io): Promise<number> {
  const { directory, output } = options;
  const project = await findProject(directory, io);
  if (!project.ok) return giveUp(project.error, io);
  const runner = findRunner(project.value.directory);
  if (!runner.ok) return giveUp(runner.error, io);
  // One document on standard output: the runner's.
  const quiet = output === 'json' ? { ...io, out: () => {} } : io;
  const built = await build({ directory, release: true, output: 'text' }, quiet);
  if (built !== 0) return built;
  const reporter = output === 'json' ? ['--reporter=json'] : [];
  const args = [runner.value, 'run', ...reporter, ...options.rest];
  const child = spawn(process.execPath, args, {
    cwd: project.value.directory,
    stdio: 'inherit',
  });
  const [code] = await once(child, 'close');
  if (code === 0) return 0;
  return code === 1 ? EXIT_FINDINGS : EXIT_FAILED;
}

function findRunner(directory: string): Result<string> {
  try {
    const found = createRequire(join(directory, 'package.json')).resolve('vitest/package.json');
    return ok(join(dirname(found), 'vitest.mjs'));
  } catch {
    const fix = 'npm install --save-dev vitest';
    return { ok: false, error: cannot('vitest, which runs the tests, is not installed', fix) };
  }
}
