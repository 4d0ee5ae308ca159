import { headerOf, type SeenMessage } from '@lateen/host/testing/memory-message';
import type { UpstreamAnswer } from '@lateen/host/testing/memory-upstream';
import { FILTER, openFilter } from '@lateen/host/testing/open-filter';
import type { TestHost } from '@lateen/host/testing/test-host';

/** One request for a filter; written by `call --record`, read by `call --replay`. */
export interface PlayedRequest {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | null;
  /** Plugin configuration. */
  readonly configuration: string;
}

export interface Played {
  /** What the service got; null where the filter kept it. */
  readonly upstream: SeenMessage | null;
  readonly response: SeenMessage;
  /** Clusters that the filter called, as `METHOD cluster path`. */
  readonly callouts: readonly string[];
  /** How long the stream stood still, in the stepped clock's time. */
  readonly pausedMs: number;
  readonly log: readonly string[];
  /** Bytes of the module's linear memory afterwards; 0 without a module. */
  readonly memoryBytes: number;
  readonly fault: string | null;
  /** The line at which it failed, with a caret; empty where that is not known. */
  readonly source: string;
}

/** Given, so that two runs of one request differ by what filters do alone. */
const REQUEST_ID: readonly [string, string] = [
  'x-request-id',
  '00000000-0000-4000-8000-000000000000',
];
const SERVICE = 'service';
const STEP_MS = 10;
const WAIT_MS_MAX = 60_000;

/** Plays a request through a filter on the real host code; null = through none. */
export async function play(module: string | null, request: PlayedRequest): Promise<Played> {
  const { configuration, body } = request;
  const named = request.headers.some(([name]) => name === REQUEST_ID[0]);
  const headers = named ? request.headers : [...request.headers, REQUEST_ID];
  const head = { ...request, headers };
  const host = await openFilter(module, { configuration, upstream: { answer } });
  const exchange = host.request({ ...head, body: body === null ? [] : [body] });
  let pausedMs = 0;
  for (; !isOver(exchange.response) && pausedMs < WAIT_MS_MAX; pausedMs += STEP_MS) {
    host.clock.advance(STEP_MS);
  }
  const played = look(host, exchange.response, pausedMs);
  host.close();
  return played;
}

/** The service says what it was sent; callouts are answered with an empty 200. */
function answer(attempt: {
  readonly cluster: string;
  readonly request: SeenMessage;
}): UpstreamAnswer {
  if (attempt.cluster !== SERVICE) return { status: 200 };
  const { body } = attempt.request;
  const headers = { 'content-type': 'text/plain' };
  return { status: 200, headers, body: body.length > 0 ? body.toString('utf8') : 'hello\n' };
}

function isOver(response: SeenMessage): boolean {
  return response.ended || response.reset !== null;
}

function look(host: TestHost, response: SeenMessage, pausedMs: number): Played {
  const { attempts } = host.upstream;
  const plugin = [...host.pool.plugins].find(({ name }) => name === FILTER);
  return {
    upstream: attempts.find(({ cluster }) => cluster === SERVICE)?.request ?? null,
    response,
    callouts: attempts
      .filter(({ cluster }) => cluster !== SERVICE)
      .map(({ cluster, request }) =>
        [headerOf(request, ':method'), cluster, headerOf(request, ':path')].join(' '),
      ),
    pausedMs,
    log: host.log.lines,
    memoryBytes: plugin?.memoryBytes ?? 0,
    fault: plugin?.fault?.message ?? null,
    source: host.log.fields.map((fields) => fields['source']).find(isText) ?? '',
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
