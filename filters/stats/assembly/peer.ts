import { PairReader } from '@lateen/sdk/assembly/host/pairs';
import { ENDPOINT, ENDPOINT_LABELS, PEER, parts } from './traffic';
import { Workload } from './workload';

/** The workload at the other end: what it told of itself, else what its endpoint's metadata says. */
export function peerWorkload(): Workload {
  const workload = new Workload();
  if (parts[PEER].size > 0) readPeer(workload);
  else readEndpoint(workload);
  workload.settleCanonical();
  return workload;
}

/** The text of the peer-metadata module: seven fields, joined by NUL. */
function readPeer(workload: Workload): void {
  const fields = parts[PEER].toString().split('\0');
  if (fields.length !== 7) return;
  workload.name = fields[0];
  workload.namespace = fields[1];
  workload.app = fields[2];
  workload.version = fields[3];
  workload.canonicalName = fields[4];
  workload.canonicalRevision = fields[5];
  workload.cluster = fields[6];
}

function readEndpoint(workload: Workload): void {
  const fields = parts[ENDPOINT].toString().split(';');
  if (fields.length >= 5) {
    workload.name = fields[0];
    workload.namespace = fields[1];
    workload.canonicalName = fields[2];
    workload.canonicalRevision = fields[3];
    workload.cluster = fields[4];
  }
  const reader = new PairReader();
  reader.open(parts[ENDPOINT_LABELS].pointer, parts[ENDPOINT_LABELS].size);
  while (reader.next()) {
    const key = reader.name.toString();
    if (key === 'app') workload.app = reader.value.toString();
    else if (key === 'version') workload.version = reader.value.toString();
  }
}
