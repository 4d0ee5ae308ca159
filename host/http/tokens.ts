/**
 * Character classes of RFC 9110 and RFC 9112 as tables of 256 entries, so that the parser asks one
 * table per byte. 0 means "not allowed here".
 */

const TCHAR = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** tchar (RFC 9110 5.6.2) to its lower-case form. */
export const TOKEN: Uint8Array = table((c) => {
  if (!TCHAR.includes(String.fromCharCode(c))) return 0;
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
});

/** Any byte to its ASCII lower-case form. */
export const LOWER: Uint8Array = table((c) => (c >= 0x41 && c <= 0x5a ? c | 0x20 : c));

/** field-vchar, SP, HTAB and obs-text (RFC 9110 5.5). */
export const VALUE: Uint8Array = table((c) => (c === 9 || (c >= 0x20 && c !== 0x7f) ? 1 : 0));

/** What may stand in a request target: visible ASCII but `#`, which starts a fragment. */
export const TARGET: Uint8Array = table((c) => (c > 0x20 && c < 0x7f && c !== 0x23 ? 1 : 0));

/** A host of RFC 3986 3.2.2 outside of brackets: unreserved, sub-delims and percent. */
export const HOST_CHAR: Uint8Array = table((c) =>
  /[A-Za-z0-9\-._~!$&'()*+;=%]/.test(String.fromCharCode(c)) ? 1 : 0,
);

/** Value of a hexadecimal digit plus one. */
export const HEX: Uint8Array = table((c) => {
  const at = '0123456789abcdef'.indexOf(String.fromCharCode(c).toLowerCase());
  return c < 0x80 ? at + 1 : 0;
});

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const HTAB = 9;
export const COLON = 58;

function table(entry: (char: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, char) => entry(char));
}

/** One or more tchar. */
export function isToken(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (TOKEN[source[i]] === 0) return false;
  return end > start;
}

/** Bytes that may stand in a field value, empty included. */
export function isFieldValue(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (VALUE[source[i]] === 0) return false;
  return true;
}

/** Origin-form or `*`; what may be written as a target without changing the request line. */
export function isPath(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (TARGET[source[i]] === 0) return false;
  return end > start && (source[start] === 0x2f || (source[start] === 0x2a && end === start + 1));
}

/** Three digits, 100 to 999. */
export function isStatus(source: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 3 || source[start] === 0x30) return false;
  for (let i = start; i < end; i++) if (source[i] < 0x30 || source[i] > 0x39) return false;
  return true;
}

/** `host [":" port]` of RFC 9110 7.2: no user information, a port of 1 to 65535. */
export function isAuthority(source: Uint8Array, start: number, end: number): boolean {
  if (end <= start) return false;
  const hostEnd =
    source[start] === 0x5b ? bracketEnd(source, start, end) : nameEnd(source, start, end);
  if (hostEnd <= start) return false;
  return hostEnd === end || (source[hostEnd] === COLON && isPort(source, hostEnd + 1, end));
}

function nameEnd(source: Uint8Array, start: number, end: number): number {
  let i = start;
  while (i < end && HOST_CHAR[source[i]] === 1) i++;
  return i;
}

/** One past `]`, or -1. Hexadecimal digits, colons and dots only: no zone, no IPvFuture. */
function bracketEnd(source: Uint8Array, start: number, end: number): number {
  let colons = 0;
  for (let i = start + 1; i < end; i++) {
    const c = source[i];
    if (c === 0x5d) return colons >= 2 ? i + 1 : -1;
    if (c === COLON) colons++;
    else if (HEX[c] === 0 && c !== 0x2e) return -1;
  }
  return -1;
}

function isPort(source: Uint8Array, start: number, end: number): boolean {
  let port = 0;
  for (let i = start; i < end; i++) {
    const digit = source[i] - 0x30;
    if (digit < 0 || digit > 9 || i - start >= 5) return false;
    port = port * 10 + digit;
  }
  return end > start && port >= 1 && port <= 65_535;
}

/** Whether the bytes are `text`, which is lower-case, whatever their case. */
export function equalsIgnoreCase(
  source: Uint8Array,
  start: number,
  end: number,
  text: Uint8Array,
): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (LOWER[source[start + i]] !== text[i]) return false;
  return true;
}
