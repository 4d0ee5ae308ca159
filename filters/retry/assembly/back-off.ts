import { RESPONSE_HEADERS } from '@lateen/sdk/abi/maps';
import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { streamRandom } from '@lateen/sdk/assembly/host/lateen';
import { now } from '@lateen/sdk/assembly/host/stream';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';

const BASE_MS = 25;
const MAX_FACTOR = 10;
const RESET_MAX_MS = 300000;
const NANOS_PER_MS: u64 = 1000000;
const value = new Bytes();

/** A response header that says when to come back. */
class ResetHeader {
  readonly name: Bytes;
  readonly isTimestamp: bool;

  constructor(reader: JsonReader) {
    this.name = Bytes.of(lowerText(reader.text('name')));
    const format = reader.text('format', 'SECONDS');
    this.isTimestamp = format === 'UNIX_TIMESTAMP';
    if (format !== 'SECONDS' && format !== 'UNIX_TIMESTAMP') {
      reader.complain('format', 'is not known');
    }
    reader.refuseUnread();
  }

  /** Milliseconds to wait as the response says, or -1. */
  waitMs(): i64 {
    if (!readHeader(RESPONSE_HEADERS, this.name, value) || !parseInteger(value.trim())) return -1;
    if (parsedInteger < 0 || parsedInteger > i64.MAX_VALUE / 1000) return -1;
    const milliseconds = parsedInteger * 1000;
    return this.isTimestamp ? milliseconds - <i64>(now() / NANOS_PER_MS) : milliseconds;
  }
}

/** How long to wait before another attempt, in milliseconds. */
export class BackOff {
  private readonly base: u64;
  private readonly max: u64;
  private readonly resetMax: i64;
  private readonly resetHeaders: Array<ResetHeader> = [] as ResetHeader[];

  constructor(reader: JsonReader) {
    const exponential = reader.child('retryBackOff');
    const base = exponential.durationMs('baseInterval', BASE_MS);
    if (base < 1) exponential.complain('baseInterval', 'is below 1 ms');
    const longest = exponential.durationMs('maxInterval', base * MAX_FACTOR);
    if (longest < base) exponential.complain('maxInterval', 'is below base_interval');
    exponential.refuseUnread();
    this.base = max<u64>(base, 1);
    this.max = max<u64>(longest, 1);
    const limited = reader.child('rateLimitedRetryBackOff');
    this.resetMax = limited.durationMs('maxInterval', RESET_MAX_MS);
    const headers = limited.children('resetHeaders');
    for (let i = 0; i < headers.length; i++) this.resetHeaders.push(new ResetHeader(headers[i]));
    limited.refuseUnread();
  }

  /**
   * What a reset header of the response asks for, and up to half as much again so that not all come
   * back at once; else a random part of (2^retry - 1) times the base, up to the limit.
   */
  delay(retry: u32, answered: bool): u32 {
    const random = mix(streamRandom() + retry);
    if (answered) {
      const asked = this.askedFor();
      if (asked > 1) return <u32>(asked + <i64>(random % ((<u64>asked + 1) / 2)));
    }
    const steps: u64 = ((<u64>1) << min(retry, 20)) - 1;
    return <u32>(random % min(this.base * steps, this.max));
  }

  private askedFor(): i64 {
    for (let i = 0; i < this.resetHeaders.length; i++) {
      const wait = unchecked(this.resetHeaders[i]).waitMs();
      if (wait > 0 && wait <= this.resetMax) return wait;
    }
    return -1;
  }
}

/** Spreads the stream's one random value into independent ones (SplitMix64's finalizer). */
function mix(seed: u64): u64 {
  let x = seed * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
