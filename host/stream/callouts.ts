import * as status from '@lateen/sdk/abi/status';
import type { Clock, Timer } from '@lateen/sdk/base/clock';
import { BodyBuffer } from '../http/body-buffer.ts';
import type { MessageWriter } from '../http/codec.ts';
import type { HeaderMap } from '../http/header-map.ts';
import type { AttemptHandle, AttemptReceiver, ClusterSet } from '../upstream/seam.ts';
import type { CalloutHandle, Callouts, HttpCall, HttpCallAnswer } from '../wasm/effects.ts';

/** The answer to a callout is buffered whole; what is larger fails the call. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/** HTTP callouts of modules over the clusters of this worker. */
export function openCallouts(clusters: ClusterSet, clock: Clock): Callouts {
  return {
    start(call, done) {
      const cluster = clusters.get(call.cluster);
      if (cluster === undefined) return -status.BAD_ARGUMENT;
      const callout = new Callout(call, done, clock);
      callout.opened(cluster.open({ hash: null, avoid: [], hostAttempts: 0 }, callout));
      return callout;
    },
  };
}

/** One call: sends everything at once, collects the answer, and tells the caller exactly once. */
class Callout implements AttemptReceiver, CalloutHandle {
  readonly #call: HttpCall;
  readonly #done: (answer: HttpCallAnswer) => void;
  readonly #body = new BodyBuffer();
  readonly #timer: Timer | null;
  #handle: AttemptHandle | null = null;
  #head: HeaderMap | null = null;
  #finished = false;

  constructor(call: HttpCall, done: (answer: HttpCallAnswer) => void, clock: Clock) {
    this.#call = call;
    this.#done = done;
    this.#timer =
      call.timeoutMs === 0 ? null : clock.setTimer(call.timeoutMs, () => this.#fail('timeout'));
  }

  opened(handle: AttemptHandle): void {
    if (this.#finished) handle.cancel();
    else this.#handle = handle;
  }

  cancel(): void {
    this.#finished = true;
    this.#timer?.cancel();
    this.#handle?.cancel();
  }

  onReady(writer: MessageWriter): void {
    const { headers, body, trailers } = this.#call;
    const hasTrailers = trailers.count > 0;
    writer.writeHead(headers, body.length === 0 && !hasTrailers);
    if (body.length > 0) writer.writeData(body, !hasTrailers);
    if (hasTrailers) writer.writeTrailers(trailers);
  }

  onPoolFailure(failure: string, detail: string): void {
    this.#fail(detail === '' ? failure : `${failure}: ${detail}`);
  }

  onHead(head: HeaderMap, end: boolean): void {
    this.#head = head;
    if (end) this.#answer(null);
  }

  onInformational(): void {
    // The caller asked for an answer; 1xx is none.
  }

  onData(chunk: Buffer, end: boolean): void {
    if (this.#body.length + chunk.length > ANSWER_BYTES_MAX) {
      this.#fail('the answer is too large');
      return;
    }
    this.#body.append(chunk);
    if (end) this.#answer(null);
  }

  onTrailers(trailers: HeaderMap): void {
    this.#answer(trailers);
  }

  onReset(_reason: string, detail: string): void {
    this.#fail(detail === '' ? 'reset' : detail);
  }

  onWritable(): void {
    // Everything was written at once; the pool bounds what waits.
  }

  #answer(trailers: HeaderMap | null): void {
    this.#finish({ headers: this.#head, body: this.#body, trailers, detail: '' });
  }

  #fail(detail: string): void {
    if (this.#finished) return;
    this.#handle?.cancel();
    this.#finish({ headers: null, body: new BodyBuffer(), trailers: null, detail });
  }

  #finish(answer: HttpCallAnswer): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#timer?.cancel();
    this.#done(answer);
  }
}
