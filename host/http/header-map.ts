/**
 * Header fields as byte ranges. A head that was received is a table of offsets over the received
 * buffer; an edit adds a range over the map's own small arena. Names are lower-cased in place while
 * parsing. A hash preselects a field; bytes decide.
 *
 * Pseudo-headers are fields like the others and stand first: `:method`, `:scheme`, `:authority`,
 * `:path` in a request (an HTTP/1 `Host` is `:authority`, never `host`), `:status` in a response.
 */

/** A lower-case field name made once, for looking up without a string. */
export interface HeaderName {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly hash: number;
}
