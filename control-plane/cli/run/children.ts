import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const STOP_MS = 4_000;
const LOG_TAIL_BYTES = 2_000;

export interface ChildOptions {
  readonly name: string;
  /** A TypeScript file in the repository, a JavaScript file in a package. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Gets what the child writes to both of its outputs. */
  readonly logFile: string;
}

export interface ChildEnd {
  readonly name: string;
  /** `exit code 1`, `signal SIGKILL`. */
  readonly how: string;
}

export interface RunningChild {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  readonly ended: Promise<ChildEnd>;
  /** The last lines it wrote. */
  logTail(): string;
}

/**
 * Child processes that live no longer than this one: stopped in order by `stop`, and ended by
 * their lifeline when we are gone without a word. They stand in process groups of their own, so
 * Ctrl-C reaches them through us and not on the way.
 */
export class Children {
  readonly #running = new Map<RunningChild, ChildProcess>();
  #stopping = false;
  /** Called when a child ends while nobody asked it to. */
  onUnexpectedEnd: (end: ChildEnd) => void = () => {};

  start(options: ChildOptions): RunningChild {
    const log = openSync(options.logFile, 'a', 0o600);
    const args = [...process.execArgv.filter(isCondition), options.file, ...(options.args ?? [])];
    const process_ = spawn(process.execPath, ['--import', LIFELINE, ...args], {
      stdio: ['ignore', log, log, 'pipe'],
      env: { ...process.env, ...options.env, LATEEN_LIFELINE: '3' },
      detached: true,
    });
    closeSync(log);
    // The lifeline is never written to; when we die the kernel closes it.
    process_.stdio[3]?.on('error', () => {});
    const child: RunningChild = {
      name: options.name,
      pid: process_.pid ?? 0,
      logFile: options.logFile,
      ended: this.#ended(options.name, process_),
      logTail: () => readFileSync(options.logFile, 'utf8').slice(-LOG_TAIL_BYTES).trim(),
    };
    this.#running.set(child, process_);
    void child.ended.then((end) => {
      this.#running.delete(child);
      if (!this.#stopping) this.onUnexpectedEnd(end);
    });
    return child;
  }

  /** Asks all to end, and ends those that don't. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const running = [...this.#running];
    for (const [, process_] of running) process_.kill('SIGTERM');
    const late = setTimeout(() => {
      for (const [, process_] of this.#running) process_.kill('SIGKILL');
    }, STOP_MS);
    await Promise.all(running.map(([child]) => child.ended));
    clearTimeout(late);
  }

  #ended(name: string, process_: ChildProcess): Promise<ChildEnd> {
    return new Promise((resolve) => {
      process_.once('error', (error) => resolve({ name, how: error.message }));
      process_.once('exit', (code, signal) => {
        resolve({ name, how: signal === null ? `exit code ${code}` : `signal ${signal}` });
      });
    });
  }
}

/** `../../bin/lifeline.mjs` from the sources, one more up from emitted files in `dist`. */
const LIFELINE = lifeline();

function lifeline(): string {
  const beside = new URL('../../bin/lifeline.mjs', import.meta.url);
  if (existsSync(fileURLToPath(beside))) return beside.href;
  return new URL('../../../bin/lifeline.mjs', import.meta.url).href;
}

function isCondition(flag: string): boolean {
  return flag.startsWith('--conditions');
}
