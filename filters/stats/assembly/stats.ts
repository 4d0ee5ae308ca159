import { MetricRecords } from '@lateen/sdk/assembly/host/metric-records';
import { StatsConfig } from './config';
import { fields, readTraffic } from './traffic';

const NANOS_PER_MS: i64 = 1000000;
const DURATION = fields.property('request.duration');
const REQUEST_BYTES = fields.property('request.size');
const RESPONSE_BYTES = fields.property('response.size');
const records = new MetricRecords();

/** Counts a stream that is over, on the series of its labels. */
export function countStream(config: StatsConfig): void {
  readTraffic(config);
  const series = config.table.find(config);
  if (series.requests !== 0) records.add(series.requests, 1);
  if (series.duration !== 0) records.add(series.duration, DURATION.integer() / NANOS_PER_MS);
  if (series.requestBytes !== 0) records.add(series.requestBytes, REQUEST_BYTES.integer());
  if (series.responseBytes !== 0) records.add(series.responseBytes, RESPONSE_BYTES.integer());
  records.send();
}
