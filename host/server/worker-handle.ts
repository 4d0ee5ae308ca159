import { Worker } from 'node:worker_threads';
import type { Problem } from '@lateen/sdk/base/problem';
import type { MetricHub, MetricSource } from '../observe/metric-hub.ts';
import type { ChangeMessage, ListenerTickets, ToWorker, WorkerState } from './messages.ts';
import type { WorkerPost, WorkerStart } from './worker.ts';

/** The file that a worker runs: TypeScript in the repository, JavaScript in the package. */
const WORKER_FILE = new URL(
  import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js',
  import.meta.url,
);

/** The main thread's end of one worker. A worker that dies answers every question with `null`. */
export class WorkerHandle {
  readonly index: number;
  readonly #worker: Worker;
  readonly #metrics: MetricSource;
  readonly #waiting = new Map<string, (post: WorkerPost | null) => void>();
  readonly #onDeath: (reason: string) => void;
  #requests = 0;
  #dead = false;
  #stopping = false;

  constructor(start: WorkerStart, hub: MetricHub, onDeath: (reason: string) => void) {
    this.index = start.worker;
    this.#onDeath = onDeath;
    this.#metrics = hub.attach();
    this.#worker = new Worker(WORKER_FILE, { workerData: start, stdout: false, stderr: false });
    let reason = 'exited';
    this.#worker.on('message', (post: WorkerPost) => this.#receive(post));
    this.#worker.on('error', (error) => {
      reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    });
    this.#worker.on('exit', () => this.#died(reason));
  }

  /** Problems of the change; null where the worker died over it. */
  async prepare(change: number, message: ChangeMessage): Promise<readonly Problem[] | null> {
    const post = await this.#ask({ kind: 'prepare', change, message }, `prepared ${change}`);
    return post?.kind === 'prepared' ? post.problems : null;
  }

  async commit(
    change: number,
    tickets: readonly ListenerTickets[],
  ): Promise<readonly Problem[] | null> {
    const post = await this.#ask({ kind: 'commit', change, tickets }, `committed ${change}`);
    return post?.kind === 'committed' ? post.problems : null;
  }

  discard(change: number): void {
    this.tell({ kind: 'discard', change });
  }

  async inspect(): Promise<WorkerState | null> {
    const request = ++this.#requests;
    const post = await this.#ask({ kind: 'inspect', request }, `inspected ${request}`);
    return post?.kind === 'inspected' ? post.state : null;
  }

  tell(message: ToWorker): void {
    if (!this.#dead) this.#worker.postMessage(message);
  }

  /** Ends the worker; what it had buffered is written. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    await this.#ask({ kind: 'stop', graceMs }, 'stopped');
    await this.#worker.terminate();
  }

  #ask(message: ToWorker, answer: string): Promise<WorkerPost | null> {
    if (this.#dead) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#waiting.set(answer, resolve);
      this.#worker.postMessage(message);
    });
  }

  #receive(post: WorkerPost): void {
    if (post.kind === 'metrics') {
      this.#metrics.receive(post.message);
      return;
    }
    const key = keyOf(post);
    const resolve = this.#waiting.get(key);
    this.#waiting.delete(key);
    resolve?.(post);
  }

  #died(reason: string): void {
    this.#dead = true;
    this.#metrics.detach();
    for (const resolve of this.#waiting.values()) resolve(null);
    this.#waiting.clear();
    if (!this.#stopping) this.#onDeath(reason);
  }
}

function keyOf(post: Exclude<WorkerPost, { kind: 'metrics' }>): string {
  switch (post.kind) {
    case 'prepared':
    case 'committed':
      return `${post.kind} ${post.change}`;
    case 'inspected':
      return `inspected ${post.request}`;
    default:
      return post.kind;
  }
}
