import { FN_RECORD_METRICS } from '../../abi/extensions';
import { OK } from '../../abi/status';
import { Bytes } from '../bytes/bytes';
import { proxy_record_metric } from '../env';
import { callForeign } from './foreign';

const ENTRY_BYTES: usize = 12;
const ENTRIES: usize = 32;
const RECORD = Bytes.of(FN_RECORD_METRICS);
const answer = new Bytes();

/**
 * Values for several metrics that go out together: one host call instead of one each. Counters add
 * the value, gauges are set, histograms record. Call `send` before the callback ends.
 */
export class MetricRecords {
  private readonly block: usize = heap.alloc(ENTRY_BYTES * ENTRIES);
  private end: usize = 0;

  /** `value` is 0 or more. */
  add(metric: i32, value: i64): void {
    const at = this.block + this.end;
    store<i32>(at, metric);
    store<f64>(at, <f64>value, 4);
    this.end += ENTRY_BYTES;
    if (this.end === ENTRY_BYTES * ENTRIES) this.send();
  }

  send(): void {
    const size = this.end;
    this.end = 0;
    if (size === 0 || callForeign(RECORD, this.block, <i32>size, answer) === OK) return;
    for (let at = this.block; at < this.block + size; at += ENTRY_BYTES) {
      proxy_record_metric(load<i32>(at), <i64>load<f64>(at, 4));
    }
  }
}
