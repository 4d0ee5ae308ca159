import { availableParallelism } from 'node:os';
import { formatProblem, hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { parseFlags, USAGE, USAGE_EXIT_CODE } from './config/flags.ts';
import { openProxy, type ProxyProcess } from './server/proxy.ts';
import { version } from './server/version.ts';

/** The command `lateen-proxy`. Problems go to stderr; exit codes: 0, 1, 64 for wrong usage. */
async function main(args: readonly string[]): Promise<number> {
  const parsed = parseFlags(args);
  if (parsed.kind === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (parsed.kind === 'version') {
    process.stdout.write(`lateen-proxy ${version()}\n`);
    return 0;
  }
  if (parsed.kind === 'usage') {
    process.stderr.write(`lateen-proxy: ${parsed.message}\n\n${USAGE}`);
    return USAGE_EXIT_CODE;
  }
  const { flags } = parsed;
  const workers = flags.concurrency ?? availableParallelism();
  const opened = await openProxy(flags, workers);
  print(opened.problems);
  const { proxy } = opened;
  if (proxy === null) return 1;
  if (flags.mode === 'validate') {
    await proxy.stop(0);
    if (hasErrors(opened.problems)) return 1;
    process.stdout.write(`configuration '${flags.configPath ?? '--config-yaml'}' OK\n`);
    return 0;
  }
  await untilStopped(proxy);
  return 0;
}

/** How long answers under way may take when the process is asked to end (Istio's default). */
const TERMINATION_GRACE_MS = 5_000;

/**
 * SIGTERM and `/quitquitquit` let answers go out and end the process, a second signal and SIGINT
 * end it at once; SIGUSR1 opens log files again.
 */
function untilStopped(proxy: ProxyProcess) {
  return new Promise<void>((resolve) => {
    let asked = false;
    const stop = (graceMs: number) => {
      if (asked) resolve();
      asked = true;
      void proxy.stop(graceMs).then(resolve);
    };
    process.on('SIGTERM', () => stop(TERMINATION_GRACE_MS));
    process.on('SIGINT', () => stop(0));
    process.on('SIGUSR1', () => proxy.reopenLogs());
    process.on('SIGHUP', () => {});
    void proxy.quit.then(() => stop(TERMINATION_GRACE_MS));
  });
}

function print(problems: readonly Problem[]): void {
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
}

process.exit(await main(process.argv.slice(2)));
