import { BodyWriter, WRONG_LENGTH } from './body-writer.ts';
import type { MessageReceiver, MessageWriter, ResetReason } from './codec.ts';
import {
  CHUNKED,
  type Framing,
  type Persistence,
  statedLength,
  statusOf,
  UNFRAMED,
  writeResponseHead,
} from './head-writer.ts';
import { type HeaderMap, headerName } from './header-map.ts';
import type { Outbox } from './outbox.ts';
import { equalsIgnoreCase } from './tokens.ts';

/** What a stream needs of its connection. */
export interface StreamHost {
  readonly out: Outbox;
  readonly trailers: boolean;
  /** Whether the connection ends after this answer, asked when the answer's head is written. */
  closesAfter(): boolean;
  onAnswerEnd(): void;
  pauseReading(): void;
  resumeReading(): void;
  /** The owner gave up: the connection ends at once, nobody is told. */
  abort(reason: ResetReason): void;
  /** The owner's answer cannot be written: as `abort`, and the owner is told. */
  refuseAnswer(detail: string): void;
}

/** What the request was, as far as its answer's framing depends on it. */
export interface RequestFacts {
  readonly isHead: boolean;
  readonly http10: boolean;
}

const CONNECTION = headerName('connection');
const CLOSE = Buffer.from('close');

/** One request and its answer; the writing half of it. Calls after its end do nothing. */
export class H1ServerStream implements MessageWriter {
  receiver: MessageReceiver | null = null;
  wireBytesReceived = 0;
  wireBytesSent = 0;
  /** The connection must close after this answer. */
  closes = false;
  continueSent = false;
  readonly #host: StreamHost;
  readonly #request: RequestFacts;
  readonly #body = new BodyWriter();
  #open = true;

  constructor(host: StreamHost, request: RequestFacts) {
    this.#host = host;
    this.#request = request;
  }

  get open(): boolean {
    return this.#open;
  }

  get answered(): boolean {
    return !this.#body.atHead;
  }

  writeHead(head: HeaderMap, end: boolean): boolean {
    if (!this.#open || !this.#body.atHead) return this.#host.out.writable;
    const status = statusOf(head);
    if (status < 200) {
      this.#host.refuseAnswer('filter_removed_required_response_headers');
      return false;
    }
    const noBody = this.#request.isHead || status === 204 || status === 304;
    const framing = this.#framing(head, status, end, noBody);
    const untilClose = framing === UNFRAMED && !noBody;
    this.closes = untilClose || hasClose(head) || this.#host.closesAfter();
    const sent = writeResponseHead(this.#host.out, head, framing, this.#persistence());
    this.wireBytesSent += sent;
    this.#body.begin(framing, end, noBody);
    if (end) this.#finish();
    return this.#host.out.writable;
  }

  writeInformational(head: HeaderMap): boolean {
    if (!this.#open || !this.#body.atHead || this.#request.http10) return true;
    if (statusOf(head) === 100) this.continueSent = true;
    this.wireBytesSent += writeResponseHead(this.#host.out, head, UNFRAMED, 'default');
    return this.#host.out.writable;
  }

  writeData(chunk: Uint8Array, end: boolean): boolean {
    if (!this.#open || this.#body.atHead) return this.#host.out.writable;
    return this.#wrote(this.#body.data(this.#host.out, chunk, end), end);
  }

  writeTrailers(trailers: HeaderMap): boolean {
    if (!this.#open || this.#body.atHead) return this.#host.out.writable;
    const map = this.#host.trailers ? trailers : null;
    return this.#wrote(this.#body.trailers(this.#host.out, map), true);
  }

  pauseReading(): void {
    if (this.#open) this.#host.pauseReading();
  }

  resumeReading(): void {
    if (this.#open) this.#host.resumeReading();
  }

  reset(reason: ResetReason): void {
    if (this.#open) this.#host.abort(reason);
  }

  /** Nothing is read, written or called any more. */
  detach(): void {
    this.#open = false;
  }

  #wrote(sent: number, end: boolean): boolean {
    if (sent === WRONG_LENGTH) {
      this.#host.refuseAnswer('http1.content_length_mismatch');
      return false;
    }
    this.wireBytesSent += sent;
    if (end) this.#finish();
    return this.#host.out.writable;
  }

  #finish(): void {
    this.#open = false;
    this.#host.onAnswerEnd();
  }

  #persistence(): Persistence {
    if (this.closes) return 'close';
    return this.#request.http10 ? 'keep-alive' : 'default';
  }

  /** RFC 9112 6.3 seen from the sender. */
  #framing(head: HeaderMap, status: number, end: boolean, noBody: boolean): Framing {
    if (status === 204) return UNFRAMED;
    const length = statedLength(head);
    if (noBody) return length >= 0 ? length : UNFRAMED;
    if (end) return 0;
    if (length >= 0) return length;
    return this.#request.http10 ? UNFRAMED : CHUNKED;
  }
}

/** A module may ask for the connection's end by `connection: close`. */
function hasClose(head: HeaderMap): boolean {
  const slot = head.findName(CONNECTION);
  if (slot < 0) return false;
  return equalsIgnoreCase(head.valueBytes(slot), head.valueStart(slot), head.valueEnd(slot), CLOSE);
}
