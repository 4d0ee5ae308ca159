import { Civil, NO_TIME } from './civil';
import { digitsAt, padded } from './digits';

const DAYS = 'SunMonTueWedThuFriSat';
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** `Thu, 26 Nov 2026 20:15:00 GMT` (RFC 9110, 5.6.7) of seconds since 1970. */
export function formatHttpDate(seconds: i64): string {
  const civil = Civil.of(seconds);
  const day = DAYS.substr(civil.weekday * 3, 3);
  const month = MONTHS.substr((civil.month - 1) * 3, 3);
  const date = padded(civil.day, 2) + ' ' + month + ' ' + padded(civil.year, 4);
  const time =
    padded(civil.hour, 2) + ':' + padded(civil.minute, 2) + ':' + padded(civil.second, 2);
  return day + ', ' + date + ' ' + time + ' GMT';
}

/** Seconds since 1970 of such a date; NO_TIME where the text is none. The weekday is not compared. */
export function parseHttpDate(text: string): i64 {
  if (text.length !== 29 || !text.endsWith(' GMT') || text.substr(3, 2) !== ', ') return NO_TIME;
  const month = MONTHS.indexOf(text.substr(8, 3));
  if (month < 0 || month % 3 !== 0 || DAYS.indexOf(text.substr(0, 3)) % 3 !== 0) return NO_TIME;
  if (text.charCodeAt(19) !== 0x3a || text.charCodeAt(22) !== 0x3a) return NO_TIME;
  const civil = new Civil();
  civil.year = digitsAt(text, 12, 4);
  civil.month = month / 3 + 1;
  civil.day = digitsAt(text, 5, 2);
  civil.hour = digitsAt(text, 17, 2);
  civil.minute = digitsAt(text, 20, 2);
  civil.second = digitsAt(text, 23, 2);
  return civil.year < 0 ? NO_TIME : civil.seconds;
}
