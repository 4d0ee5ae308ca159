import { fileURLToPath } from 'node:url';
import { Child, type Exit, startNode } from '../kit/child-process.ts';
import { onCore } from './cores.ts';

export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly seconds: number;
  /** A connection for each request. */
  readonly close: boolean;
  /** `wrk`, or the client that comes along. */
  readonly tool: 'wrk' | 'bundled';
}

export interface LoadResult {
  readonly requests: number;
  /** Answers that are not 2xx, and failed connections. */
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Headers that a browser or a service would send; the same for every proxy. */
export const REQUEST_HEADERS = [
  'user-agent: bench',
  'accept: */*',
  'x-request-id: 0b7e1d5a-4c52-4b8c-9d0f-6f1c0a1f2e3d',
  'end-user: jason',
] as const;

/** Runs closed-loop load for some seconds. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  await using load = options.tool === 'wrk' ? startWrk(options) : startBundled(options);
  const exit = await load.waitForExit({ deadlineMs: (options.seconds + 20) * 1000 });
  return options.tool === 'wrk' ? parseWrk(load.stdout, exit) : JSON.parse(load.stdout);
}

function startWrk({ port, path, connections, seconds, close }: LoadOptions): Child {
  const headers = [...REQUEST_HEADERS, ...(close ? ['connection: close'] : [])];
  const [command, ...args] = onCore('load', [
    'wrk',
    '--latency',
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    ...headers.flatMap((header) => ['-H', header]),
    `http://127.0.0.1:${port}${path}`,
  ]);
  return new Child(command!, args);
}

function startBundled(options: LoadOptions): Child {
  const file = fileURLToPath(new URL('./bundled-client.ts', import.meta.url));
  return startNode(file, [JSON.stringify(options)]);
}

/** wrk prints for people: `Latency Distribution`, `N requests in`, and what went wrong. */
export function parseWrk(text: string, exit: Exit): LoadResult {
  const requests = /(\d+) requests in/.exec(text)?.[1];
  const [p50, p99] = ['50', '99'].map((p) =>
    new RegExp(`${p}%\\s+([\\d.]+)(us|ms|s)\\b`).exec(text),
  );
  if (requests === undefined || p50 === null || p99 === null) {
    throw new Error(`wrk ended with ${exit.code} and said: ${text.slice(0, 500)}`);
  }
  const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(
    text,
  );
  const statuses = /Non-2xx or 3xx responses: (\d+)/.exec(text);
  const errors = [...(socketErrors?.slice(1) ?? []), ...(statuses?.slice(1) ?? [])];
  return {
    requests: Number(requests),
    errors: errors.reduce((sum, count) => sum + Number(count), 0),
    p50Ms: toMs(p50!),
    p99Ms: toMs(p99!),
  };
}

function toMs([, value, unit]: RegExpExecArray | readonly string[]): number {
  const factors: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };
  return Number(value) * factors[unit!]!;
}
