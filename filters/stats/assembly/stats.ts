import { proxy_increment_metric, proxy_record_metric } from '@lateen/sdk/assembly/env';
import { Property } from '@lateen/sdk/assembly/host/property';
import { StatsConfig } from './config';
import { readTraffic } from './traffic';

const NANOS_PER_MS: i64 = 1000000;
const DURATION = Property.of('request.duration');
const REQUEST_BYTES = Property.of('request.size');
const RESPONSE_BYTES = Property.of('response.size');

/** Counts a stream that is over, on the series of its labels. */
export function countStream(config: StatsConfig): void {
  readTraffic(config);
  const series = config.table.find(config);
  if (series.requests !== 0) proxy_increment_metric(series.requests, 1);
  if (series.duration !== 0) {
    proxy_record_metric(series.duration, DURATION.integer() / NANOS_PER_MS);
  }
  if (series.requestBytes !== 0) {
    proxy_record_metric(series.requestBytes, REQUEST_BYTES.integer());
  }
  if (series.responseBytes !== 0) {
    proxy_record_metric(series.responseBytes, RESPONSE_BYTES.integer());
  }
}
