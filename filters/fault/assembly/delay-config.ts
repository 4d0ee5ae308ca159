import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Fraction } from '@lateen/sdk/assembly/match/fraction';
import { headerFraction, readPercentage } from './percentage';

const REQUEST = Bytes.of('x-envoy-fault-delay-request');
const PERCENTAGE = Bytes.of('x-envoy-fault-delay-request-percentage');
const value = new Bytes();

/** `FaultDelay`: how long a request waits, and how many do. */
export class DelayConfig {
  private readonly fixedMs: i64;
  private readonly byHeader: bool;
  private readonly percentage: Fraction;

  constructor(reader: JsonReader) {
    this.fixedMs = reader.durationMs('fixedDelay', 0);
    this.byHeader = reader.has('headerDelay');
    reader.ignore(['headerDelay']);
    this.percentage = readPercentage(reader);
    if (!this.byHeader && !reader.has('fixedDelay')) {
      reader.complain('', 'needs fixed_delay or header_delay');
    }
    reader.refuseUnread();
  }

  /** Milliseconds that this request waits; 0 for none. */
  chosen(random: u64): i64 {
    if (!this.byHeader) return this.percentage.picks(random) ? this.fixedMs : 0;
    if (!readHeader(REQUEST_HEADERS, REQUEST, value) || !parseInteger(value)) return 0;
    const milliseconds = parsedInteger;
    return headerFraction(PERCENTAGE, this.percentage).picks(random) ? milliseconds : 0;
  }
}
