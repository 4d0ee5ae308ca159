import { failHead, type HeadFacts, INCOMPLETE } from './head-facts.ts';
import type { HeaderMap } from './header-map.ts';
import { STATUS } from './pseudo-fields.ts';
import { CR, isStatus, LF, SP, VALUE } from './tokens.ts';

const VERSION = Buffer.from('HTTP/1.');
/** `HTTP/1.1 200`. */
const STATUS_START = VERSION.length + 2;
const STATUS_END = STATUS_START + 3;

/**
 * Parses `HTTP/1.1 SP status SP reason CRLF` (RFC 9112 4) into `:status`; the reason is dropped, and
 * may be missing with its space. Returns the offset of the next line, INCOMPLETE or FAILED.
 */
export function parseStatusLine(
  data: Buffer,
  from: number,
  end: number,
  map: HeaderMap,
  facts: HeadFacts,
): number {
  for (let i = 0; i < VERSION.length; i++) {
    if (from + i === end) return INCOMPLETE;
    if (data[from + i] !== VERSION[i]) return failHead(facts, 'bad-status-line');
  }
  if (from + STATUS_END >= end) return INCOMPLETE;
  const minor = data[from + VERSION.length] - 0x30;
  const separated = data[from + VERSION.length + 1] === SP;
  if (minor < 0 || minor > 1 || !separated) return failHead(facts, 'bad-status-line');
  if (!isStatus(data, from + STATUS_START, from + STATUS_END)) {
    return failHead(facts, 'bad-status-line');
  }
  let at = from + STATUS_END;
  if (data[at] !== SP && data[at] !== CR) return failHead(facts, 'bad-status-line');
  while (at < end && VALUE[data[at]] !== 0) at++;
  if (at + 1 >= end && (at === end || data[at] === CR)) return INCOMPLETE;
  if (data[at] !== CR || data[at + 1] !== LF) return failHead(facts, 'bad-status-line');
  facts.minorVersion = minor;
  map.appendPseudo(STATUS, from + STATUS_START, from + STATUS_END);
  const s = from + STATUS_START;
  facts.status = (data[s] - 0x30) * 100 + (data[s + 1] - 0x30) * 10 + data[s + 2] - 0x30;
  return at + 2;
}
