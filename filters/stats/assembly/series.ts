import { METRIC_COUNTER, METRIC_HISTOGRAM } from '@lateen/sdk/abi/buffers';
import { defineMetric } from '@lateen/sdk/assembly/host/metrics';
import { StatsConfig } from './config';
import { Labels } from './labels';

/** The metrics of one label set, by the host's ids; 0: not counted. */
export class Series {
  readonly requests: i32;
  readonly duration: i32;
  readonly requestBytes: i32;
  readonly responseBytes: i32;

  /** Defines the metrics for the stream that was read last. */
  constructor(config: StatsConfig) {
    const labels = new Labels(config);
    this.requests = define(METRIC_COUNTER, 'istio_requests_total', labels, config);
    this.duration = define(METRIC_HISTOGRAM, 'istio_request_duration_milliseconds', labels, config);
    this.requestBytes = define(METRIC_HISTOGRAM, 'istio_request_bytes', labels, config);
    this.responseBytes = define(METRIC_HISTOGRAM, 'istio_response_bytes', labels, config);
  }
}

function define(type: i32, name: string, labels: Labels, config: StatsConfig): i32 {
  const removed: string[] = [];
  for (let i = 0; i < config.overrides.length; i++) {
    const change = config.overrides[i];
    if (!change.concerns(name)) continue;
    if (change.drop) return 0;
    for (let j = 0; j < change.tagsToRemove.length; j++) removed.push(change.tagsToRemove[j]);
  }
  return defineMetric(type, labels.without(removed) + name);
}
