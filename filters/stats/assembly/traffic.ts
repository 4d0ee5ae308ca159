import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Field, FieldSet } from '@lateen/sdk/assembly/host/fields';
import { StatsConfig } from './config';

const INBOUND: i64 = 1;
const NO_GRPC_STATUS: i64 = -1;

/** Places in `parts`. */
export const PEER = 0;
/** `{host, name, namespace}` of the cluster's service, as pairs. */
export const SERVICE = 1;
export const CLUSTER_NAME = 2;
export const AUTHORITY = 3;
/** Endpoint metadata: `name;namespace;canonical name;canonical revision;cluster`. */
export const ENDPOINT = 4;
/** Labels of the endpoint, as pairs. */
export const ENDPOINT_LABELS = 5;
export const CLIENT_PRINCIPAL = 6;
export const SERVER_PRINCIPAL = 7;
export const PARTS = 8;

/** Bits of `facts`. */
export const IS_INBOUND: u64 = 1;
export const IS_GRPC: u64 = 2;
export const IS_MTLS: u64 = 4;

/**
 * What of a stream becomes labels, as the host gave it: bits (the three above, gRPC status + 1 from
 * bit 8, response code from 16, response flags from 32) and byte strings. Two streams with the same
 * bits and bytes are counted on the same series.
 */
export let facts: u64 = 0;
export const parts = new StaticArray<Bytes>(PARTS);
for (let i = 0; i < PARTS; i++) parts[i] = new Bytes();

/** Everything that is read of a stream. */
export const fields = new FieldSet();
const DIRECTION = fields.property('listener_direction');
const STATUS = fields.property('response.code');
const FLAGS = fields.property('response.flags');
const GRPC_STATUS = fields.property('response.grpc_status');
const MTLS = fields.property('connection.mtls');
const DOWNSTREAM_PEER = fields.property('downstream_peer');
const UPSTREAM_PEER = fields.property('upstream_peer');
const SERVICE_FIELD = fields.property('cluster_metadata.filter_metadata.istio.services.0');
const CLUSTER = fields.property('cluster_name');
const HOST_PATH = 'upstream_host_metadata.filter_metadata.';
const ENDPOINT_FIELD = fields.property(HOST_PATH + 'istio.workload');
const ENDPOINT_LABELS_FIELD = fields.property(HOST_PATH + 'lateen.labels');
const CLIENT = fields.property('connection.uri_san_peer_certificate');
const SERVER = fields.property('connection.uri_san_local_certificate');
const CONTENT_TYPE = fields.header(REQUEST_HEADERS, 'content-type');
const AUTHORITY_FIELD = fields.header(REQUEST_HEADERS, ':authority');
const GRPC = Bytes.of('application/grpc');

/** Reads the stream at hand into `facts` and `parts`. */
export function readTraffic(config: StatsConfig): void {
  for (let i = 0; i < PARTS; i++) unchecked(parts[i]).point(0, 0);
  const inbound = DIRECTION.integer() === INBOUND;
  facts = ((<u64>(STATUS.integer() & 0xffff)) << 16) | ((<u64>FLAGS.integer()) << 32);
  if (inbound) readServerSide();
  else readClientSide();
  if (CONTENT_TYPE.read() && CONTENT_TYPE.value.startsWith(GRPC)) {
    const status = GRPC_STATUS.integer(NO_GRPC_STATUS);
    facts |= IS_GRPC | ((<u64>((status + 1) & 0xff)) << 8);
  }
  if (take(SERVICE, SERVICE_FIELD)) return;
  take(CLUSTER_NAME, CLUSTER);
  if (config.hostFallback) take(AUTHORITY, AUTHORITY_FIELD);
}

function readServerSide(): void {
  facts |= IS_INBOUND;
  take(PEER, DOWNSTREAM_PEER);
  if (!MTLS.flag()) return;
  facts |= IS_MTLS;
  take(CLIENT_PRINCIPAL, CLIENT);
  take(SERVER_PRINCIPAL, SERVER);
}

/** What the peer did not tell, its endpoint's metadata does. */
function readClientSide(): void {
  if (take(PEER, UPSTREAM_PEER)) return;
  take(ENDPOINT, ENDPOINT_FIELD);
  take(ENDPOINT_LABELS, ENDPOINT_LABELS_FIELD);
}

function take(part: i32, field: Field): bool {
  if (!field.read()) return false;
  unchecked(parts[part]).take(field.value);
  return true;
}

/** Hides everything that a stranger can vary at will, for streams beyond the limit of series. */
export function reduceTraffic(): void {
  for (let i = 0; i < PARTS; i++) unchecked(parts[i]).point(0, 0);
}

/** Multiplies and rotates a word at a time; good enough to find, bytes decide. */
export function hashTraffic(): u32 {
  let hash = mix(HASH_START, facts);
  for (let i = 0; i < PARTS; i++) {
    const part = unchecked(parts[i]);
    hash = mix(hash, part.size);
    let at = part.pointer;
    let left = part.size;
    for (; left >= 8; left -= 8) {
      hash = mix(hash, load<u64>(at));
      at += 8;
    }
    for (; left > 0; left--) hash = mix(hash, load<u8>(at++));
  }
  return <u32>(hash >> 32);
}

const HASH_START: u64 = 1;
const HASH_FACTOR: u64 = ((<u64>0x9e3779b9) << 32) | 0x7f4a7c15;

function mix(hash: u64, word: u64): u64 {
  return rotl<u64>((hash ^ word) * HASH_FACTOR, 29);
}
