import { Bytes } from '../bytes/bytes';
import { hash64 } from '../bytes/hash64';
import { streamRandom } from './lateen';
import { now } from './stream';

const STEPS: u64 = 1000000;

/**
 * Whether this stream belongs to a share of all, in percent (0 to 100, four digits behind the
 * point). On Lateen the answer is the same all through a stream; elsewhere the clock throws the dice.
 */
export function sampled(percent: f64): bool {
  if (percent <= 0) return false;
  if (percent >= 100) return true;
  let random = streamRandom();
  if (random === 0) random = mixed(now());
  return random % STEPS < <u64>(percent * 10000);
}

/** Whether a key (a user, a session) belongs to a share: always the same answer for the same key. */
export function keySampled(key: string, percent: f64): bool {
  if (percent <= 0) return false;
  return percent >= 100 || mixed(hash64(Bytes.of(key))) % STEPS < <u64>(percent * 10000);
}

/** Spreads differences in few bits over all. */
function mixed(value: u64): u64 {
  const once = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
  return once ^ (once >> 33);
}
