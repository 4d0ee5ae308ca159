import { BodyWriter, WRONG_LENGTH } from './body-writer.ts';
import type { MessageReceiver, MessageWriter } from './codec.ts';
import { CHUNKED, isRequest, statedLength, UNFRAMED, writeRequestHead } from './head-writer.ts';
import { type HeaderMap, headerName } from './header-map.ts';
import type { Outbox } from './outbox.ts';
import { METHOD } from './pseudo-fields.ts';

/** What a stream needs of its connection. */
export interface ClientStreamHost {
  readonly out: Outbox;
  readonly trailers: boolean;
  onRequestEnd(): void;
  pauseReading(): void;
  resumeReading(): void;
  /** The owner gave up: nobody is told. */
  abort(stream: H1ClientStream): void;
  /** The owner's request cannot be written: as `abort`, and the owner is told. */
  refuseRequest(detail: string): void;
}

const EXPECT = headerName('expect');
/** Methods whose requests have a body in principle: an empty one is stated (RFC 9110 8.6). */
const WITH_BODY = ['POST', 'PUT', 'PATCH'].map((method) => Buffer.from(method));
const HEAD = Buffer.from('HEAD');
const CONNECT = Buffer.from('CONNECT');

/** One request and its answer; the writing half of it. Calls after its end do nothing. */
export class H1ClientStream implements MessageWriter {
  readonly receiver: MessageReceiver;
  wireBytesReceived = 0;
  wireBytesSent = 0;
  /** The final answer was delivered to its end. */
  answered = false;
  isHead = false;
  /** The request said `Expect: 100-continue`, and no 100 has come. */
  awaitsContinue = false;
  readonly #host: ClientStreamHost;
  readonly #body = new BodyWriter();
  readonly #startBytes: number;
  #open = true;

  constructor(host: ClientStreamHost, receiver: MessageReceiver) {
    this.#host = host;
    this.receiver = receiver;
    this.#startBytes = host.out.gatheredBytes > 0 ? -1 : host.out.givenBytes;
  }

  get headSent(): boolean {
    return !this.#body.atHead;
  }

  get requestEnded(): boolean {
    return this.#body.ended;
  }

  /** Whether any byte of the request may have left. */
  get flushed(): boolean {
    return this.#host.out.givenBytes !== this.#startBytes;
  }

  writeHead(head: HeaderMap, end: boolean): boolean {
    if (!this.#open || !this.#body.atHead) return this.#host.out.writable;
    if (!isRequest(head) || isMethod(head, CONNECT)) {
      this.#host.refuseRequest('filter_removed_required_request_headers');
      return false;
    }
    this.isHead = isMethod(head, HEAD);
    this.awaitsContinue = head.has(EXPECT);
    const framing = end ? emptyFraming(head) : bodyFraming(head);
    this.wireBytesSent += writeRequestHead(this.#host.out, head, framing);
    this.#body.begin(framing, end, false);
    if (end) this.#host.onRequestEnd();
    return this.#host.out.writable;
  }

  /** A request has no informational heads. */
  writeInformational(): boolean {
    return true;
  }

  writeData(chunk: Uint8Array, end: boolean): boolean {
    if (!this.#open || this.#body.atHead || this.#body.ended) return this.#host.out.writable;
    return this.#wrote(this.#body.data(this.#host.out, chunk, end), end);
  }

  writeTrailers(trailers: HeaderMap): boolean {
    if (!this.#open || this.#body.atHead || this.#body.ended) return this.#host.out.writable;
    const map = this.#host.trailers ? trailers : null;
    return this.#wrote(this.#body.trailers(this.#host.out, map), true);
  }

  pauseReading(): void {
    if (this.#open) this.#host.pauseReading();
  }

  resumeReading(): void {
    if (this.#open) this.#host.resumeReading();
  }

  reset(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#host.abort(this);
  }

  /** Nothing is read, written or called any more. */
  detach(): void {
    this.#open = false;
  }

  #wrote(sent: number, end: boolean): boolean {
    if (sent === WRONG_LENGTH) {
      this.#host.refuseRequest('http1.content_length_mismatch');
      return false;
    }
    this.wireBytesSent += sent;
    if (end) this.#host.onRequestEnd();
    return this.#host.out.writable;
  }
}

function bodyFraming(head: HeaderMap): number {
  const length = statedLength(head);
  return length >= 0 ? length : CHUNKED;
}

function emptyFraming(head: HeaderMap): number {
  if (WITH_BODY.some((method) => isMethod(head, method))) return 0;
  return statedLength(head) === 0 ? 0 : UNFRAMED;
}

function isMethod(head: HeaderMap, method: Uint8Array): boolean {
  const start = head.valueStart(METHOD);
  if (head.valueEnd(METHOD) - start !== method.length) return false;
  const bytes = head.valueBytes(METHOD);
  for (let i = 0; i < method.length; i++) if (bytes[start + i] !== method[i]) return false;
  return true;
}
