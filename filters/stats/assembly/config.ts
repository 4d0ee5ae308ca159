import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { acceptMessage, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { ownWorkload } from './node';
import { SeriesTable } from './series-table';
import { Workload } from './workload';

/** Settings of the old extension and of TCP, which change nothing here. */
const HARMLESS = [
  'debug',
  'maxPeerCacheSize',
  'statPrefix',
  'fieldSeparator',
  'valueSeparator',
  'tcpReportingDuration',
  'rotationInterval',
  'gracefulDeletionInterval',
];

/** What is left out of a metric. */
export class MetricOverride {
  /** Without the prefix `istio_`; empty: of all metrics. */
  readonly name: string;
  readonly drop: bool;
  readonly tagsToRemove: Array<string>;

  constructor(reader: JsonReader) {
    this.name = reader.text('name');
    this.drop = reader.flag('drop');
    this.tagsToRemove = reader.texts('tagsToRemove');
    reader.refuseUnread();
  }

  concerns(metric: string): bool {
    return this.name.length === 0 || metric === 'istio_' + this.name;
  }
}

/** `stats.PluginConfig`, and the series counted under it. */
export class StatsConfig {
  /** Whether the host that a client names is the destination where nothing better is known. */
  readonly hostFallback: bool;
  readonly overrides: Array<MetricOverride> = [] as MetricOverride[];
  readonly own: Workload;
  readonly table: SeriesTable = new SeriesTable();

  constructor(reader: JsonReader) {
    this.own = ownWorkload();
    this.hostFallback = !reader.flag('disableHostHeaderFallback');
    const metrics = reader.children('metrics');
    for (let i = 0; i < metrics.length; i++) this.overrides.push(new MetricOverride(metrics[i]));
    reader.warn(HARMLESS);
    reader.refuseUnread();
  }
}

const configs = new IdMap<StatsConfig | null>();

export function configOf(root: i32): StatsConfig | null {
  return configs.get(root, null);
}

export function acceptConfig(root: i32): bool {
  const reader = readConfigurationJson();
  if (reader === null) return false;
  const config = new StatsConfig(reader);
  if (!acceptMessage(reader)) return false;
  configs.set(root, config);
  return true;
}

export function forgetConfig(root: i32): void {
  configs.remove(root);
}
