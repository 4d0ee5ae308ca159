import { METRIC_HISTOGRAM } from '@lateen/sdk/abi/buffers';
import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

const NAME_BYTES_MAX = 4096;

/** Counters, gauges and histograms. A module reaches only the metrics that it defined itself. */
export function metricFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const { metrics } = guest.services;
  const mine = guest.metrics;
  return {
    proxy_define_metric(type: number, name: number, nameSize: number, out: number) {
      if (!guest.admit('proxy_define_metric')) return status.INTERNAL_FAILURE;
      const size = nameSize >>> 0;
      if (!memory.has(name >>> 0, size) || !memory.has(out >>> 0, 4)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      if (type >>> 0 > METRIC_HISTOGRAM || size > NAME_BYTES_MAX) return status.BAD_ARGUMENT;
      if (mine.size >= guest.options.limits.metricsMax) return status.INTERNAL_FAILURE;
      guest.chargeCostly();
      const id = metrics.define(type, memory.utf8(name >>> 0, size));
      if (id <= 0) return status.INTERNAL_FAILURE;
      mine.add(id);
      memory.setU32(out >>> 0, id);
      return status.OK;
    },
    proxy_increment_metric(id: number, delta: bigint) {
      if (!guest.admit('proxy_increment_metric')) return status.INTERNAL_FAILURE;
      if (!mine.has(id)) return status.NOT_FOUND;
      return metrics.increment(id, Number(delta));
    },
    proxy_record_metric(id: number, value: bigint) {
      if (!guest.admit('proxy_record_metric')) return status.INTERNAL_FAILURE;
      if (!mine.has(id)) return status.NOT_FOUND;
      return metrics.record(id, Number(BigInt.asUintN(64, value)));
    },
    proxy_get_metric(id: number, out: number) {
      if (!guest.admit('proxy_get_metric')) return status.INTERNAL_FAILURE;
      if (!memory.has(out >>> 0, 8)) return status.INVALID_MEMORY_ACCESS;
      if (!mine.has(id)) return status.NOT_FOUND;
      const value = metrics.read(id);
      if (value === null) return status.BAD_ARGUMENT;
      memory.view.setBigInt64(out >>> 0, BigInt(Math.trunc(value)), true);
      return status.OK;
    },
  };
}
