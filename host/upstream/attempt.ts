import type { MessageWriter } from '../http/codec.ts';
import type {
  AttemptHandle,
  AttemptReceiver,
  Host,
  PoolFailure,
  UpstreamConnection,
} from './seam.ts';

/** Who queues an attempt until there is a connection. */
export interface AttemptQueue {
  /** The attempt has been given up while it waited. */
  withdraw(attempt: Attempt): void;
}

/** A connection that can carry the attempt's message. */
export interface Carrier extends UpstreamConnection {
  start(attempt: Attempt): MessageWriter;
}

type AttemptState =
  | { readonly kind: 'choosing' }
  | { readonly kind: 'pending'; readonly queue: AttemptQueue }
  | { readonly kind: 'active'; readonly writer: MessageWriter }
  | { readonly kind: 'over' };

const CHOOSING: AttemptState = { kind: 'choosing' };
const OVER: AttemptState = { kind: 'over' };

/** One attempt on its way: waits for a connection, has one, is over. */
export class Attempt implements AttemptHandle {
  readonly receiver: AttemptReceiver;
  readonly #onEnd: (() => void) | null;
  #state: AttemptState = CHOOSING;

  /** `onEnd` is called once, when the attempt is over in whatever way. */
  constructor(receiver: AttemptReceiver, onEnd: (() => void) | null) {
    this.receiver = receiver;
    this.#onEnd = onEnd;
  }

  queued(queue: AttemptQueue): void {
    this.#state = { kind: 'pending', queue };
  }

  /** A connection is there; the receiver hears of it. */
  begin(connection: Carrier, host: Host): void {
    const writer = connection.start(this);
    this.#state = { kind: 'active', writer };
    this.receiver.onReady(writer, host, connection);
  }

  fail(failure: PoolFailure, detail: string, host: Host | null): void {
    this.end();
    this.receiver.onPoolFailure(failure, detail, host);
  }

  /** Its message is over, or its connection gone: cancelling has no effect any more. */
  end(): void {
    if (this.#state.kind === 'over') return;
    this.#state = OVER;
    this.#onEnd?.();
  }

  cancel(): void {
    const state = this.#state;
    if (state.kind === 'over') return;
    this.end();
    if (state.kind === 'pending') state.queue.withdraw(this);
    if (state.kind === 'active') state.writer.reset('local-reset');
  }
}
