import type { ConnectionInfo } from './codec.ts';
import { type HttpErrorCode, httpError, localReply } from './errors.ts';
import { writeResponseHead } from './head-writer.ts';
import { type HeaderMap, headerName } from './header-map.ts';
import type { Outbox } from './outbox.ts';

/** A request that the codec answered itself; no stream saw it. */
export interface Rejection {
  readonly code: HttpErrorCode;
  readonly status: number;
  /** Envoy's response code details. */
  readonly details: string;
  /** What was parsed of the head; to be read during the call only. */
  readonly head: HeaderMap;
  readonly wireBytesReceived: number;
  readonly wireBytesSent: number;
}

export interface H1ServerEvents {
  onRejected(rejection: Rejection, connection: ConnectionInfo): void;
  /** The socket is closed, every stream has ended. */
  onClose(connection: ConnectionInfo): void;
}

const ALLOW = headerName('allow');

/** Writes the codec's own answer to what is no request of ours; returns its length. */
export function writeRejection(out: Outbox, code: HttpErrorCode): number {
  const error = httpError(code);
  const { head, body } = localReply(error);
  // RFC 9110 15.5.6: a 405 says what is allowed.
  if (error.status === 405) head.addName(ALLOW, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  const sent = writeResponseHead(out, head, body.length, 'close');
  out.write(body);
  return sent + body.length;
}
