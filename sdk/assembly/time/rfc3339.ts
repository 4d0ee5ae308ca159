import { Civil, NO_TIME } from './civil';
import { digitsAt, padded } from './digits';

/** `2026-11-26T20:15:00.123Z` of milliseconds since 1970. */
export function formatRfc3339(milliseconds: i64): string {
  let seconds = milliseconds / 1000;
  let rest = <i32>(milliseconds % 1000);
  if (rest < 0) {
    rest += 1000;
    seconds--;
  }
  const civil = Civil.of(seconds);
  const date = padded(civil.year, 4) + '-' + padded(civil.month, 2) + '-' + padded(civil.day, 2);
  const time =
    padded(civil.hour, 2) + ':' + padded(civil.minute, 2) + ':' + padded(civil.second, 2);
  return date + 'T' + time + '.' + padded(rest, 3) + 'Z';
}

/**
 * Milliseconds since 1970 of a date and time with its offset (RFC 3339, 5.6), such as
 * `2026-11-26T20:15:00+01:00`; NO_TIME where the text is none. Finer digits are cut off.
 */
export function parseRfc3339(text: string): i64 {
  if (text.length < 20 || !isFrame(text)) return NO_TIME;
  const civil = new Civil();
  civil.year = digitsAt(text, 0, 4);
  civil.month = digitsAt(text, 5, 2);
  civil.day = digitsAt(text, 8, 2);
  civil.hour = digitsAt(text, 11, 2);
  civil.minute = digitsAt(text, 14, 2);
  civil.second = digitsAt(text, 17, 2);
  if (civil.year < 0) return NO_TIME;
  const seconds = civil.seconds;
  if (seconds === NO_TIME) return NO_TIME;
  let at = 19;
  let milliseconds = 0;
  if (text.charCodeAt(at) === 0x2e) {
    const first = ++at;
    while (digitsAt(text, at, 1) >= 0) {
      if (at - first < 3) milliseconds = milliseconds * 10 + digitsAt(text, at, 1);
      at++;
    }
    if (at === first) return NO_TIME;
    for (let i = at - first; i < 3; i++) milliseconds *= 10;
  }
  const offset = offsetMinutes(text, at);
  return offset === i32.MIN_VALUE ? NO_TIME : (seconds - <i64>offset * 60) * 1000 + milliseconds;
}

function isFrame(text: string): bool {
  const t = text.charCodeAt(10) | 0x20;
  if (t !== 0x74 && text.charCodeAt(10) !== 0x20) return false;
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return false;
  return text.charCodeAt(13) === 0x3a && text.charCodeAt(16) === 0x3a;
}

/** `Z` or `+hh:mm` at the very end; i32.MIN_VALUE where there is neither. */
function offsetMinutes(text: string, at: i32): i32 {
  const left = text.length - at;
  if (left === 1 && (text.charCodeAt(at) | 0x20) === 0x7a) return 0;
  const sign = left === 6 ? text.charCodeAt(at) : 0;
  if (sign !== 0x2b && sign !== 0x2d) return i32.MIN_VALUE;
  const hours = digitsAt(text, at + 1, 2);
  const minutes = digitsAt(text, at + 4, 2);
  const bad = hours < 0 || hours > 23 || minutes < 0 || minutes > 59;
  if (bad || text.charCodeAt(at + 3) !== 0x3a) return i32.MIN_VALUE;
  return (sign === 0x2d ? -1 : 1) * (hours * 60 + minutes);
}
