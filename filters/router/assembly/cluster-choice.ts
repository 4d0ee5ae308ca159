import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { HeaderEdits } from './header-edits';
import { request } from './request';

const value = new Bytes();

/** One of `weighted_clusters`. */
export class WeightedCluster {
  readonly requestEdits: HeaderEdits | null;
  readonly responseEdits: HeaderEdits | null;
  readonly hostRewrite: Bytes | null;
  readonly header: Bytes | null;
  /** Sum of the weights up to and with this one. */
  readonly until: u64;

  constructor(reader: JsonReader, before: u64) {
    const header = headerName(reader);
    this.header = header;
    if (!reader.has('name') && header === null) reader.complain('name', 'is missing');
    reader.ignore(['name', 'typedPerFilterConfig']);
    this.until = before + <u64>reader.integer('weight');
    this.requestEdits = HeaderEdits.read(reader, 'request');
    this.responseEdits = HeaderEdits.read(reader, 'response');
    this.hostRewrite = Bytes.orNull(reader.text('hostRewriteLiteral'));
    reader.refuseUnread();
  }
}

/** Which cluster a route forwards to: one, one of several by weight, or one that a header names. */
export class ClusterChoice {
  readonly weighted: Array<WeightedCluster> = [] as WeightedCluster[];
  private readonly header: Bytes | null;
  private randomHeader: Bytes | null = null;
  private total: u64 = 0;

  constructor(reader: JsonReader) {
    const header = headerName(reader);
    this.header = header;
    if (reader.has('weightedClusters')) {
      const several = reader.child('weightedClusters');
      this.randomHeader = Bytes.orNull(lowerText(several.text('headerName')));
      this.readWeighted(several);
    } else if (header === null && reader.text('cluster').length === 0) {
      reader.refuseUnread();
      reader.complain('cluster', 'is missing');
    }
  }

  /** Index of the weighted cluster; -1 where there is one cluster only. */
  pick(): i32 {
    if (this.weighted.length === 0) return -1;
    const point = this.randomValue() % this.total;
    let index = 0;
    while (unchecked(this.weighted[index]).until <= point) index++;
    return index;
  }

  /** Points `out` to the name that a header gives; false where it gives none. */
  nameFromHeader(index: i32, out: Bytes): bool {
    const header = this.headerOf(index);
    return header !== null && readHeader(REQUEST_HEADERS, header, out) && out.size > 0;
  }

  /** Whether a header chooses the cluster. */
  byHeader(index: i32): bool {
    return this.headerOf(index) !== null;
  }

  private headerOf(index: i32): Bytes | null {
    return index < 0 ? this.header : unchecked(this.weighted[index]).header;
  }

  private randomValue(): u64 {
    const header = this.randomHeader;
    if (header !== null && readHeader(REQUEST_HEADERS, header, value) && parseInteger(value)) {
      return <u64>parsedInteger;
    }
    return request.random;
  }

  private readWeighted(reader: JsonReader): void {
    const clusters = reader.children('clusters');
    for (let i = 0; i < clusters.length; i++) {
      const cluster = new WeightedCluster(clusters[i], this.total);
      this.total = cluster.until;
      this.weighted.push(cluster);
    }
    reader.ignore(['totalWeight', 'runtimeKeyPrefix']);
    if (this.total === 0) reader.complain('clusters', 'needs weights that are not all 0');
    reader.refuseUnread();
  }
}

function headerName(reader: JsonReader): Bytes | null {
  return Bytes.orNull(lowerText(reader.text('clusterHeader')));
}
