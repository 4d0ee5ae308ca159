import {
  createShared,
  getShared,
  replaceShared,
  setShared,
} from '@lateen/sdk/assembly/host/shared-data';
import { nowMs } from '@lateen/sdk/assembly/time/clock';

const TRIES_MAX = 16;

/**
 * Takes a token out of the bucket of this key, which all workers share; false where there is none.
 * Its value is "tokens milliseconds": how many there were, and when. Where others change it all
 * the time, the request passes: a limit that nobody could read holds nobody up.
 */
export function takeToken(key: string, perSecond: f64, burst: f64): bool {
  const now = nowMs();
  for (let i = 0; i < TRIES_MAX; i++) {
    const found = getShared(key);
    if (found === null) {
      const full = entryOf(burst - 1, now);
      if (createShared(key, full) || (getShared(key) === null && setShared(key, full))) return true;
      continue;
    }
    const parts = found.text.split(' ');
    const passed = <f64>max<i64>(0, now - I64.parseInt(parts[1]));
    const tokens = min(burst, F64.parseFloat(parts[0]) + (passed * perSecond) / 1000);
    if (tokens < 1) return false;
    if (replaceShared(key, entryOf(tokens - 1, now), found)) return true;
  }
  return true;
}

function entryOf(tokens: f64, now: i64): string {
  return tokens.toString() + ' ' + now.toString();
}
