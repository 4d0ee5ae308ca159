import type { JsonObject } from '@lateen/sdk/base/json';
import { HeaderMap } from '../http/header-map.ts';
import type {
  AttemptHandle,
  AttemptReceiver,
  AttemptRequest,
  Cluster,
  ClusterSet,
  Host,
  PoolFailure,
} from '../upstream/seam.ts';
import { MemoryWriter, type SeenMessage } from './memory-message.ts';

/** What an in-memory upstream does with an attempt. */
export type UpstreamAnswer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** A list arrives in as many parts. */
      readonly body?: string | readonly string[];
      readonly trailers?: Readonly<Record<string, string>>;
    }
  /** The connection breaks. */
  | { readonly fail: 'reset' }
  /** Nothing is answered until the test does it through the attempt. */
  | 'silent';

/** One attempt as the upstream saw it. */
export interface SeenAttempt {
  readonly cluster: string;
  readonly host: Host;
  readonly request: SeenMessage;
  readonly wish: AttemptRequest;
  /** True when the stream gave the attempt up. */
  cancelled: boolean;
  answer(answer: UpstreamAnswer): void;
}

export interface UpstreamScript {
  /** Called when the whole request has arrived. */
  readonly answer: (attempt: SeenAttempt) => UpstreamAnswer;
  /** Why no connection can be had, or null. */
  readonly connect?: (cluster: string, attempt: number) => PoolFailure | null;
  readonly knows?: (cluster: string) => boolean;
  /** `filter_metadata` of clusters and of their hosts. */
  readonly clusterMetadata?: JsonObject;
  readonly hostMetadata?: JsonObject;
}

/** Clusters that exist by being named; every attempt is kept for the test to look at. */
export class MemoryUpstream implements ClusterSet {
  readonly attempts: SeenAttempt[] = [];
  readonly #script: UpstreamScript;

  constructor(script: UpstreamScript) {
    this.#script = script;
  }

  get(name: string): Cluster | undefined {
    if (name === '' || this.#script.knows?.(name) === false) return undefined;
    return {
      name,
      metadata: this.#script.clusterMetadata ?? {},
      endpointCount: 2,
      open: (wish, receiver) => this.#open(name, wish, receiver),
    };
  }

  #open(cluster: string, wish: AttemptRequest, receiver: AttemptReceiver): AttemptHandle {
    const host = hostOf(cluster, wish, this.#script.hostMetadata ?? {});
    const seen = { ...wish, avoid: [...wish.avoid] };
    const attempt = new MemoryAttempt({ cluster, host, wish: seen, receiver }, this.#script);
    this.attempts.push(attempt);
    attempt.start(this.#script.connect?.(cluster, this.attempts.length) ?? null);
    return attempt;
  }
}

function hostOf(cluster: string, wish: AttemptRequest, metadata: JsonObject): Host {
  const port = wish.hostAttempts > 0 ? 9000 + wish.avoid.length : 9000;
  return { address: `10.0.0.1:${port}`, hostname: cluster, metadata, locality: '' };
}

interface AttemptParts {
  readonly cluster: string;
  readonly host: Host;
  readonly wish: AttemptRequest;
  readonly receiver: AttemptReceiver;
}

class MemoryAttempt implements SeenAttempt, AttemptHandle {
  readonly cluster: string;
  readonly host: Host;
  readonly wish: AttemptRequest;
  readonly #receiver: AttemptReceiver;
  readonly #writer: MemoryWriter;
  cancelled = false;

  constructor(parts: AttemptParts, script: UpstreamScript) {
    this.cluster = parts.cluster;
    this.host = parts.host;
    this.wish = parts.wish;
    this.#receiver = parts.receiver;
    this.#writer = new MemoryWriter((_part, end) => {
      if (end) this.answer(script.answer(this));
    });
  }

  get request(): SeenMessage {
    return this.#writer.seen;
  }

  start(failure: PoolFailure | null): void {
    if (failure !== null) {
      this.#receiver.onPoolFailure(failure, '', this.host);
      return;
    }
    const connection = { id: 1, localAddress: '10.0.0.9:5000', reused: false, tlsVersion: '' };
    this.#receiver.onReady(this.#writer, this.host, connection);
  }

  answer(answer: UpstreamAnswer): void {
    if (this.cancelled || answer === 'silent') return;
    if ('fail' in answer) {
      this.#receiver.onReset('remote-reset', answer.fail);
      return;
    }
    const head = HeaderMap.fromPairs([
      [':status', String(answer.status)],
      ...Object.entries(answer.headers ?? {}),
    ]);
    const parts = [answer.body ?? ''].flat().filter((part) => part !== '');
    const trailers = Object.entries(answer.trailers ?? {});
    this.#receiver.onHead(head, parts.length === 0 && trailers.length === 0);
    for (const [index, part] of parts.entries()) {
      if (this.cancelled) break;
      const last = index === parts.length - 1 && trailers.length === 0;
      this.#receiver.onData(Buffer.from(part), last);
    }
    if (trailers.length > 0 && !this.cancelled) {
      this.#receiver.onTrailers(HeaderMap.fromPairs(trailers));
    }
  }

  cancel(): void {
    this.cancelled = true;
  }
}
