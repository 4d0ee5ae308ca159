import { Agent, type IncomingMessage, request } from 'node:http';

/** What the requests of a load are like; it sends them by turns. */
const SHAPES = {
  keepAlive: { share: 75, keepAlive: true, bodyBytes: 0, headers: {} },
  newConnection: { share: 10, keepAlive: false, bodyBytes: 0, headers: {} },
  body: { share: 5, keepAlive: true, bodyBytes: 100_000, headers: { 'x-body': '1' } },
  paused: { share: 10, keepAlive: true, bodyBytes: 0, headers: { 'x-pause': '1' } },
} as const;

export type Shape = keyof typeof SHAPES;

export interface MixedLoadOptions {
  readonly port: number;
  /** Default 1,200. */
  readonly requestsPerSecond?: number;
  /** Only these; default all. */
  readonly shapes?: readonly Shape[];
  readonly path?: string;
  /** Why an answer is not as it should be; undefined: it is. Default: the status is 200. */
  readonly fault?: (answer: LoadAnswer) => string | undefined;
}

export interface LoadAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly sent: Buffer;
}

interface Outcome {
  readonly shape: Shape;
  readonly ms: number;
  readonly fault: string | undefined;
}

export interface LoadReport {
  readonly requests: number;
  readonly perSecond: number;
  readonly byShape: Readonly<Record<string, number>>;
  /** Each different fault, with how often it came. */
  readonly faults: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const TICK_MS = 4;
const UNDER_WAY_MAX = 400;
const ANSWER_MS = 15_000;

/**
 * Requests at a steady rate until it is stopped, whatever the answers take, mixed of all shapes.
 * Nothing is sent twice: what the mesh drops is a fault here.
 */
export class MixedLoad {
  readonly #options: MixedLoadOptions;
  readonly #agents = { true: new Agent({ keepAlive: true }), false: new Agent() };
  readonly #turns: readonly Shape[];
  readonly #outcomes: Outcome[] = [];
  readonly #startedAt = performance.now();
  readonly #ticks: NodeJS.Timeout;
  #sent = 0;
  #underWay = 0;
  #drained: () => void = () => {};

  constructor(options: MixedLoadOptions) {
    this.#options = options;
    this.#turns = turns(options.shapes ?? (Object.keys(SHAPES) as Shape[]));
    this.#ticks = setInterval(() => this.#send(), TICK_MS);
  }

  /** Requests answered so far, well or not. */
  get answered(): number {
    return this.#outcomes.length;
  }

  /** Stops sending, waits for what is under way, and tells how it was. */
  async stop(): Promise<LoadReport> {
    clearInterval(this.#ticks);
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    if (this.#underWay > 0) await drained;
    for (const agent of Object.values(this.#agents)) agent.destroy();
    return report(this.#outcomes, seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #send(): void {
    const rate = this.#options.requestsPerSecond ?? 1_200;
    const due = ((performance.now() - this.#startedAt) / 1_000) * rate;
    while (this.#sent < due && this.#underWay < UNDER_WAY_MAX) {
      const shape = this.#turns[this.#sent % this.#turns.length]!;
      this.#sent += 1;
      this.#underWay += 1;
      const from = performance.now();
      void this.#request(shape).then((fault) => {
        this.#outcomes.push({ shape, ms: performance.now() - from, fault });
        this.#underWay -= 1;
        if (this.#underWay === 0) this.#drained();
      });
    }
  }

  /** Resolves to what was wrong. */
  #request(shape: Shape): Promise<string | undefined> {
    const { keepAlive, bodyBytes, headers } = SHAPES[shape];
    const { port, path = '/load' } = this.#options;
    const sent = Buffer.alloc(bodyBytes, 'x');
    return new Promise((resolve) => {
      const sending = request({
        port,
        path,
        host: '127.0.0.1',
        method: bodyBytes > 0 ? 'POST' : 'GET',
        agent: this.#agents[`${keepAlive}`],
        headers: bodyBytes > 0 ? { ...headers, 'content-length': bodyBytes } : headers,
        timeout: ANSWER_MS,
      });
      const failed = (error: NodeJS.ErrnoException) =>
        resolve(`${shape}: ${error.code ?? error.message}`);
      sending.on('timeout', () => sending.destroy(new Error(`no answer in ${ANSWER_MS} ms`)));
      sending.on('error', failed);
      sending.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', failed);
        response.on('end', () => {
          const fault = this.#judge(response, { sent, body: Buffer.concat(chunks) });
          resolve(fault === undefined ? undefined : `${shape}: ${fault}`);
        });
      });
      sending.end(sent);
    });
  }

  #judge(response: IncomingMessage, bodies: { sent: Buffer; body: Buffer }): string | undefined {
    const answer = { status: response.statusCode ?? 0, headers: response.headers, ...bodies };
    if (this.#options.fault !== undefined) return this.#options.fault(answer);
    return answer.status === 200 ? undefined : `status ${answer.status}`;
  }
}

/** A hundred turns, the shapes spread evenly over them. */
function turns(shapes: readonly Shape[]): readonly Shape[] {
  const all = shapes.flatMap((shape) =>
    Array.from({ length: SHAPES[shape].share }, (_, index) => ({
      shape,
      at: (index + 0.5) / SHAPES[shape].share,
    })),
  );
  return all.sort((a, b) => a.at - b.at).map(({ shape }) => shape);
}

function report(outcomes: readonly Outcome[], seconds: number): LoadReport {
  const faults: Record<string, number> = {};
  const byShape: Record<string, number> = {};
  for (const { fault, shape } of outcomes) {
    byShape[shape] = (byShape[shape] ?? 0) + 1;
    if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1;
  }
  const times = outcomes.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
  return {
    requests: outcomes.length,
    perSecond: Math.round(outcomes.length / seconds),
    byShape,
    faults,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(0.999_999),
  };
}
