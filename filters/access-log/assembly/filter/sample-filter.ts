import { streamRandom } from '@lateen/sdk/assembly/host/lateen';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Fraction } from '@lateen/sdk/assembly/match/fraction';
import { LogFilter } from './log-filter';

/** `runtime_filter`: a share of the streams. There is no runtime, so the key changes nothing. */
export class SampleFilter extends LogFilter {
  private readonly share: Fraction;

  constructor(reader: JsonReader) {
    super();
    reader.warn(['runtimeKey']);
    reader.ignore(['useIndependentRandomness']);
    this.share = Fraction.read(reader.child('percentSampled'));
    reader.refuseUnread();
  }

  passes(): bool {
    return this.share.picks(streamRandom());
  }
}
