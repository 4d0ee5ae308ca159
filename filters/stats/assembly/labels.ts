import { Property } from '@lateen/sdk/assembly/host/property';
import { StatsConfig } from './config';
import { peerWorkload } from './peer';
import { Destination } from './service';
import {
  CLIENT_PRINCIPAL,
  facts,
  IS_GRPC,
  IS_INBOUND,
  IS_MTLS,
  parts,
  SERVER_PRINCIPAL,
} from './traffic';
import { Workload } from './workload';

const UNKNOWN = 'unknown';
/** A name with all labels has to fit into what hosts accept for a metric's name: 4096 bytes. */
const LABEL_LENGTH_MAX = 110;
const PRINCIPAL_LENGTH_MAX = 256;
const FLAGS_TEXT = Property.of('response.flags_text');
const NO_FLAGS = '-';

/** Istio's labels of the stream that was read last. Made once for each label set. */
export class Labels {
  private readonly names: Array<string> = [] as string[];
  private readonly values: Array<string> = [] as string[];

  constructor(config: StatsConfig) {
    const inbound = (facts & IS_INBOUND) !== 0;
    const peer = peerWorkload();
    const source = inbound ? peer : config.own;
    const target = inbound ? config.own : peer;
    const mtls = (facts & IS_MTLS) !== 0;
    const destination = new Destination(target.namespace);
    this.add('reporter', inbound ? 'destination' : 'source');
    this.addWorkload('source', source);
    this.add('source_principal', parts[CLIENT_PRINCIPAL].toString(), PRINCIPAL_LENGTH_MAX);
    this.addWorkload('destination', target);
    this.add('destination_principal', parts[SERVER_PRINCIPAL].toString(), PRINCIPAL_LENGTH_MAX);
    this.add('destination_service', destination.host);
    this.add('destination_service_name', destination.name);
    this.add('destination_service_namespace', destination.namespace);
    this.add('request_protocol', (facts & IS_GRPC) !== 0 ? 'grpc' : 'http');
    this.add('response_code', ((facts >> 16) & 0xffff).toString());
    this.names.push('grpc_response_status');
    this.values.push(grpcStatus());
    this.add('response_flags', flags());
    // Whether a connection is encrypted is the server's word.
    const policy = mtls ? 'mutual_tls' : 'none';
    this.add('connection_security_policy', inbound ? policy : UNKNOWN);
  }

  /** All labels but those, in Istio's encoding, as they stand in front of a metric's name. */
  without(removed: Array<string>): string {
    let text = '';
    for (let i = 0; i < this.names.length; i++) {
      if (removed.includes(this.names[i])) continue;
      text += this.names[i] + '=.=' + this.values[i] + ';.;';
    }
    return text;
  }

  private addWorkload(side: string, workload: Workload): void {
    this.add(side + '_workload', workload.name);
    this.add(side + '_workload_namespace', workload.namespace);
    this.add(side + '_app', workload.app);
    this.add(side + '_version', workload.version);
    this.add(side + '_canonical_service', workload.canonicalName);
    this.add(side + '_canonical_revision', workload.canonicalRevision);
    this.add(side + '_cluster', workload.cluster);
  }

  private add(name: string, value: string, lengthMax: i32 = LABEL_LENGTH_MAX): void {
    this.names.push(name);
    this.values.push(value.length === 0 ? UNKNOWN : safe(value, lengthMax));
  }
}

/** Peers and clients must not write labels of their own: the encoding's separator goes. */
function safe(value: string, lengthMax: i32): string {
  const text = value.substring(0, lengthMax);
  return text.includes(';') ? text.replaceAll(';', '_') : text;
}

/** Empty for what is no gRPC, as in Istio. */
function grpcStatus(): string {
  const status = <i32>((facts >> 8) & 0xff) - 1;
  return status < 0 ? '' : status.toString();
}

function flags(): string {
  if (facts >> 32 === 0) return NO_FLAGS;
  const text = FLAGS_TEXT.text();
  return text === null ? NO_FLAGS : text;
}
