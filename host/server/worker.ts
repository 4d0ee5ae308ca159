import { parentPort, workerData } from 'node:worker_threads';
import type { JsonObject } from '@lateen/sdk/base/json';
import { type LeveledLog, type LogThresholds, openLog } from '../observe/log.ts';
import { type MetricsMessage, ThreadMetrics } from '../observe/thread-metrics.ts';
import type { SharedMemory } from '../wasm/shared/shared-store.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { inSlices, type Prepared, prepareChange } from './prepare.ts';
import { openWorkerStore } from './process-share.ts';
import { Serving } from './serving.ts';

/** What the main thread starts a worker with. */
export interface WorkerStart {
  readonly worker: number;
  readonly node: JsonObject;
  readonly shared: SharedMemory;
  readonly connectionsMax: number;
  readonly log: LogThresholds;
  readonly logPath?: string;
  readonly fileFlushIntervalMs: number;
  readonly drainTimeMs: number;
}

/** Everything a worker posts: its answers, and what its metrics announce. */
export type WorkerPost =
  | FromWorker
  | { readonly kind: 'metrics'; readonly message: MetricsMessage };

/** A worker thread: it prepares and commits what the main thread says, and serves. */
class WorkerThread {
  readonly #serving: Serving;
  readonly #log: LeveledLog;
  readonly #prepared = new Map<number, Prepared>();
  readonly #post: (message: WorkerPost) => void;

  constructor(start: WorkerStart, post: (message: WorkerPost) => void) {
    this.#post = post;
    this.#log = openLog(start.log, start.logPath);
    this.#serving = new Serving({
      worker: start.worker,
      connectionsMax: start.connectionsMax,
      node: start.node,
      metrics: new ThreadMetrics((message) => post({ kind: 'metrics', message })),
      shared: openWorkerStore(start.shared, start.worker),
      log: this.#log,
      fileFlushIntervalMs: start.fileFlushIntervalMs,
      drainTimeMs: start.drainTimeMs,
    });
  }

  async receive(message: ToWorker): Promise<void> {
    switch (message.kind) {
      case 'prepare':
        await this.#prepare(message);
        return;
      case 'commit':
        await this.#commit(message);
        return;
      case 'discard':
        this.#discard(message.change);
        return;
      case 'inspect':
        this.#post({
          kind: 'inspected',
          request: message.request,
          state: this.#serving.state(),
        });
        return;
      case 'drain':
        this.#serving.drain(message.inboundOnly);
        return;
      case 'log-thresholds':
        this.#log.setThresholds(message.thresholds);
        return;
      case 'reopen-logs':
        this.#log.reopen();
        this.#serving.sinks.reopen();
        return;
      case 'stop':
        await this.#serving.close(message.graceMs);
        this.#post({ kind: 'stopped' });
    }
  }

  async #prepare({ change, message }: Extract<ToWorker, { kind: 'prepare' }>): Promise<void> {
    const prepared = await inSlices(prepareChange(message, this.#serving.runtime));
    if (prepared.ok) this.#prepared.set(change, prepared.value);
    const problems = prepared.ok ? prepared.value.problems : prepared.error;
    this.#post({ kind: 'prepared', change, problems });
  }

  async #commit({ change, tickets }: Extract<ToWorker, { kind: 'commit' }>): Promise<void> {
    const prepared = this.#prepared.get(change);
    this.#prepared.delete(change);
    const problems = prepared === undefined ? [] : await this.#serving.commit(prepared, tickets);
    this.#post({ kind: 'committed', change, problems });
  }

  #discard(change: number): void {
    const prepared = this.#prepared.get(change);
    this.#prepared.delete(change);
    if (prepared !== undefined) this.#serving.discard(prepared);
  }
}

const port = parentPort;
if (port !== null) {
  const thread = new WorkerThread(workerData as WorkerStart, (message) =>
    port.postMessage(message),
  );
  port.on('message', (message: ToWorker) => {
    void thread.receive(message);
  });
  port.postMessage({ kind: 'ready' } satisfies WorkerPost);
}
