import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { DomainIndex } from './domain-index';
import { HeaderEdits } from './header-edits';
import { request } from './request';
import { VirtualHost } from './virtual-host';

const DATA = [
  'name',
  'metadata',
  'validateClusters',
  'typedPerFilterConfig',
  'clusterSpecifierPlugins',
];
const HARMLESS = ['requestMirrorPolicies'];
const BODY_BYTES_MAX = 4096;
const COLON: u8 = 0x3a;
const BRACKET: u8 = 0x5d;
const host = new Bytes();

/** `envoy.config.route.v3.RouteConfiguration`, compiled. */
export class RouteTable {
  readonly virtualHosts: Array<VirtualHost>;
  readonly requestEdits: HeaderEdits | null;
  readonly responseEdits: HeaderEdits | null;
  /** The most specific scope edits last and so has the last word. */
  readonly specificLast: bool;
  private readonly domains: DomainIndex = new DomainIndex();
  private readonly ignorePort: bool;

  constructor(reader: JsonReader, virtualHosts: Array<VirtualHost>) {
    this.virtualHosts = virtualHosts;
    this.requestEdits = HeaderEdits.read(reader, 'request');
    this.responseEdits = HeaderEdits.read(reader, 'response');
    this.specificLast = reader.flag('mostSpecificHeaderMutationsWins');
    this.ignorePort = reader.flag('ignorePortInHostMatching');
    this.indexDomains(reader);
    this.checkBodies(reader);
    reader.ignore(DATA);
    reader.warn(HARMLESS);
    reader.refuseUnread();
  }

  /** Index of the virtual host for the request's authority, or -1. */
  findHost(): i32 {
    host.take(request.authority).lower();
    if (this.ignorePort) {
      const colon = host.lastIndexOf(COLON);
      if (colon > host.lastIndexOf(BRACKET)) host.size = colon;
    }
    return this.domains.find(host);
  }

  private indexDomains(reader: JsonReader): void {
    for (let i = 0; i < this.virtualHosts.length; i++) {
      const domains = this.virtualHosts[i].domains;
      for (let j = 0; j < domains.length; j++) {
        if (this.domains.add(domains[j], i)) continue;
        const place = 'virtualHosts[' + i.toString() + '].domains[' + j.toString() + ']';
        reader.complain(place, 'is in use already: ' + domains[j]);
      }
    }
  }

  private checkBodies(reader: JsonReader): void {
    const limit = reader.integer('maxDirectResponseBodySizeBytes', BODY_BYTES_MAX);
    for (let i = 0; i < this.virtualHosts.length; i++) {
      if (this.virtualHosts[i].largestBody <= limit) continue;
      const place = 'virtualHosts[' + i.toString() + ']';
      reader.complain(place, 'has a response body above ' + limit.toString() + ' bytes');
    }
  }
}
