import type { MessageWriter, ResetReason } from '../http/codec.ts';
import { HeaderMap } from '../http/header-map.ts';
import type {
  AttemptHandle,
  AttemptReceiver,
  AttemptRequest,
  Cluster,
  Host,
  PoolFailure,
  UpstreamConnection,
} from '../upstream/seam.ts';

/** What a probe asks for; a GET without a body unless it says otherwise. */
export interface ProbeRequest {
  readonly path?: string;
  readonly method?: string;
  /** Sent with its length; `hold` keeps its last part back until `release`. */
  readonly body?: string;
  readonly hold?: boolean;
  readonly wish?: Partial<AttemptRequest>;
}

/** What an attempt came to. */
export type ProbeOutcome =
  | { readonly kind: 'answered'; readonly status: string; readonly body: string }
  | { readonly kind: 'reset'; readonly reason: ResetReason }
  | { readonly kind: 'failed'; readonly failure: PoolFailure; readonly detail: string };

const NO_WISH: AttemptRequest = { hash: null, avoid: [], hostAttempts: 0 };

/** Makes one attempt at a real cluster and remembers everything that it is told. */
export class AttemptProbe implements AttemptReceiver {
  readonly outcome: Promise<ProbeOutcome>;
  readonly handle: AttemptHandle;
  /** Calls after the outcome or after `cancel`: there must be none. */
  late = 0;
  host: Host | null = null;
  connection: UpstreamConnection | null = null;
  /** As it was when the connection was handed over. */
  reused = false;
  writer: MessageWriter | null = null;
  informational: string[] = [];
  readonly #request: ProbeRequest;
  #settle: (outcome: ProbeOutcome) => void = () => {};
  #over = false;
  #status = '';
  #body = '';

  constructor(cluster: Cluster, request: ProbeRequest = {}) {
    this.#request = request;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.handle = cluster.open({ ...NO_WISH, ...request.wish }, this);
  }

  cancel(): void {
    this.#over = true;
    this.handle.cancel();
  }

  /** Sends what `hold` kept back. */
  release(): void {
    this.writer?.writeData(Buffer.from((this.#request.body ?? '').slice(-1)), true);
  }

  onReady(writer: MessageWriter, host: Host, connection: UpstreamConnection): void {
    if (this.#isLate()) return;
    this.writer = writer;
    this.host = host;
    this.connection = connection;
    this.reused = connection.reused;
    const { method = 'GET', path = '/', body, hold = false } = this.#request;
    const length: [string, string][] =
      body === undefined ? [] : [['content-length', String(body.length)]];
    const head = HeaderMap.fromPairs([
      [':method', method],
      [':path', path],
      [':scheme', 'http'],
      [':authority', 'probe'],
      ...length,
    ]);
    writer.writeHead(head, body === undefined);
    if (body === undefined) return;
    writer.writeData(Buffer.from(hold ? body.slice(0, -1) : body), !hold);
  }

  onPoolFailure(failure: PoolFailure, detail: string, host: Host | null): void {
    if (this.#isLate()) return;
    this.host = host;
    this.#end({ kind: 'failed', failure, detail });
  }

  onHead(head: HeaderMap, end: boolean): void {
    if (this.#isLate()) return;
    this.#status = statusOf(head);
    if (end) this.#answered();
  }

  onInformational(head: HeaderMap): void {
    if (!this.#isLate()) this.informational.push(statusOf(head));
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#isLate()) return;
    this.#body += chunk.toString('latin1');
    if (end) this.#answered();
  }

  onTrailers(): void {
    if (!this.#isLate()) this.#answered();
  }

  onReset(reason: ResetReason): void {
    if (!this.#isLate()) this.#end({ kind: 'reset', reason });
  }

  onWritable(): void {
    this.#isLate();
  }

  #answered(): void {
    this.#end({ kind: 'answered', status: this.#status, body: this.#body });
  }

  #end(outcome: ProbeOutcome): void {
    this.#over = true;
    this.#settle(outcome);
  }

  #isLate(): boolean {
    if (this.#over) this.late++;
    return this.#over;
  }
}

function statusOf(head: HeaderMap): string {
  return head.toPairs().find(([name]) => name === ':status')?.[1] ?? '';
}
