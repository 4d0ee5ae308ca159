import { type ChildProcess, spawn } from 'node:child_process';
import { type Deadline, waitFor, withDeadline } from './wait-for.ts';

export interface ChildOptions {
  readonly cwd?: string;
  /** Added to a small clean environment (PATH, HOME, TMPDIR). */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Groups that live: when this process ends without having stopped them, they end too. */
const groups = new Set<number>();
process.on('exit', () => {
  for (const group of groups) signalGroup(group, 'SIGKILL');
});

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: nobody is left in the group.
  }
}

/** A process and what it wrote. Its whole process group ends with it. */
export class Child {
  readonly #process: ChildProcess;
  readonly #command: string;
  readonly exited: Promise<Exit>;
  #exit: Exit | undefined;
  stdout = '';
  stderr = '';

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    this.#command = [command, ...args].join(' ');
    // A group of its own, so that grandchildren can be ended too.
    this.#process = spawn(command, args, {
      cwd: options.cwd,
      env: { ...baseEnvironment(), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    if (this.#process.pid !== undefined) groups.add(this.#process.pid);
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.#process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#process.stdin!.on('error', () => {});
    this.#process.stdin!.end(options.input ?? '');
    this.exited = new Promise((resolve) => {
      const finish = (exit: Exit) => {
        this.#exit ??= exit;
        resolve(this.#exit);
      };
      this.#process.once('error', (error) => {
        this.stderr += `${error.message}\n`;
        finish({ code: 127, signal: null });
      });
      // `close` comes after the last byte of output; `exit` may come before it.
      this.#process.once('close', (code, signal) => finish({ code, signal }));
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  /** Waits for text on stdout or stderr; fails at once, with the output, when the process ends first. */
  async waitForOutput(pattern: RegExp, options: Deadline = {}): Promise<RegExpExecArray> {
    const match = () => pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
    const what = `${pattern} from ${this.#command}`;
    try {
      await waitFor(what, () => match() ?? !this.running, options);
    } catch (error) {
      throw new Error(this.#report(what), { cause: error });
    }
    const found = match();
    if (found === null) throw new Error(this.#report(what));
    return found;
  }

  /** Waits for the end and returns how it was. */
  async waitForExit(options: Deadline = {}): Promise<Exit> {
    return await withDeadline(`the end of ${this.#command}`, this.exited, options);
  }

  /** Sends a signal to this process alone. */
  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends the whole group, first politely. */
  async stop(options: Deadline = { deadlineMs: 3_000 }): Promise<Exit> {
    if (this.#process.pid === undefined) return await this.exited;
    const group = this.#process.pid;
    signalGroup(group, 'SIGTERM');
    try {
      return await this.waitForExit(options);
    } catch {
      signalGroup(group, 'SIGKILL');
      return await this.waitForExit();
    } finally {
      // What the process left behind in its group goes too.
      signalGroup(group, 'SIGKILL');
      groups.delete(group);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #report(what: string): string {
    const end = this.#exit === undefined ? 'still running' : `ended ${JSON.stringify(this.#exit)}`;
    return `no ${what}: ${end}\nstdout: ${tail(this.stdout)}\nstderr: ${tail(this.stderr)}`;
  }
}

function tail(text: string): string {
  return text.slice(-2_000);
}

function baseEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'LANG']) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

/** Starts a TypeScript or JavaScript file with the runtime that runs the tests. */
export function startNode(
  file: string,
  args: readonly string[] = [],
  options: ChildOptions = {},
): Child {
  return new Child(process.execPath, ['--conditions=lateen-source', file, ...args], options);
}

/** Runs a command to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: ChildOptions & Deadline = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  await using child = new Child(command, args, options);
  const { code } = await child.waitForExit(options);
  return { code, stdout: child.stdout, stderr: child.stderr };
}
