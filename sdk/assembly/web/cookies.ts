/**
 * The value of the first cookie of that name in a `cookie` header (RFC 6265, 4.2), without quotes
 * around it; null where there is none. `null` as header reads as empty.
 */
export function cookieOf(header: string | null, name: string): string | null {
  if (header === null) return null;
  let at = 0;
  while (at < header.length) {
    let end = header.indexOf(';', at);
    if (end < 0) end = header.length;
    const equals = header.indexOf('=', at);
    if (equals >= 0 && equals < end && isName(header, at, equals, name)) {
      return unquoted(header.substring(equals + 1, end).trim());
    }
    at = end + 1;
  }
  return null;
}

function isName(header: string, start: i32, end: i32, name: string): bool {
  let from = start;
  let to = end;
  while (from < to && header.charCodeAt(from) === 0x20) from++;
  while (to > from && header.charCodeAt(to - 1) === 0x20) to--;
  return to - from === name.length && header.substring(from, to) === name;
}

function unquoted(value: string): string {
  const quoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return quoted ? value.substring(1, value.length - 1) : value;
}
