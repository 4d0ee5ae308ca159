import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { HeaderMatcher } from '@lateen/sdk/assembly/match/header-matcher';
import { HeaderSlots } from '@lateen/sdk/assembly/match/header-slot';
import { AbortConfig } from './abort-config';
import { DelayConfig } from './delay-config';

/** Envoy's runtime keys and statistics switches: there is no runtime here to read them from. */
const HARMLESS = [
  'delayPercentRuntime',
  'abortPercentRuntime',
  'delayDurationRuntime',
  'abortHttpStatusRuntime',
  'abortGrpcStatusRuntime',
  'maxActiveFaultsRuntime',
  'responseRateLimitPercentRuntime',
  'disableDownstreamClusterStats',
  'filterMetadata',
];

/** `envoy.extensions.filters.http.fault.v3.HTTPFault`, compiled. */
export class FaultConfig {
  readonly delay: DelayConfig | null;
  readonly abort: AbortConfig | null;
  /** All of them have to match; none match everything. */
  readonly headers: StaticArray<HeaderMatcher>;
  /** Null: any cluster. */
  readonly cluster: Bytes | null;
  /** Empty: any node. */
  readonly nodes: Array<Bytes> = [] as Bytes[];
  /** Negative: no limit. */
  readonly activeMax: i64;

  constructor(reader: JsonReader) {
    this.delay = reader.has('delay') ? new DelayConfig(reader.child('delay')) : null;
    this.abort = reader.has('abort') ? new AbortConfig(reader.child('abort')) : null;
    this.headers = HeaderMatcher.readAll(reader, 'headers', new HeaderSlots(REQUEST_HEADERS));
    const cluster = reader.text('upstreamCluster');
    this.cluster = cluster.length === 0 ? null : Bytes.of(cluster);
    const nodes = reader.texts('downstreamNodes');
    for (let i = 0; i < nodes.length; i++) this.nodes.push(Bytes.of(nodes[i]));
    this.activeMax = reader.integer('maxActiveFaults', -1);
    reader.warn(HARMLESS);
    reader.refuseUnread();
  }
}
