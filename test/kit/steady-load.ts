import { Agent, get } from 'node:http';

export interface SteadyLoadOptions {
  readonly url: string;
  /** Requests under way at any time; default 8. */
  readonly concurrency?: number;
  /** False: a connection for each request; default true. */
  readonly keepAlive?: boolean;
}

/** What a steady load has seen so far. */
export interface LoadCounts {
  ok: number;
  /** Why each failed request failed: a status, or an error code. */
  readonly failures: string[];
}

/**
 * Requests one after another on several connections until it is disposed of; nothing is sent again,
 * so that a request that the system under test drops is a failure here.
 */
export class SteadyLoad {
  readonly counts: LoadCounts = { ok: 0, failures: [] };
  readonly #options: SteadyLoadOptions;
  readonly #agent: Agent;
  readonly #loops: Promise<void>[];
  #running = true;

  constructor(options: SteadyLoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: options.keepAlive ?? true });
    this.#loops = Array.from({ length: options.concurrency ?? 8 }, () => this.#loop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
    this.#agent.destroy();
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      const outcome = await this.#request();
      if (outcome === '200') this.counts.ok += 1;
      else this.counts.failures.push(outcome);
    }
  }

  #request(): Promise<string> {
    return new Promise((resolve) => {
      const request = get(
        this.#options.url,
        { agent: this.#agent, timeout: 10_000 },
        (response) => {
          response.resume();
          response.on('end', () => resolve(String(response.statusCode)));
          response.on('error', (error) => resolve(error.message));
        },
      );
      request.on('timeout', () => request.destroy(new Error('no answer in 10 s')));
      request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  }
}
