import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { decodePeer } from './peer';

/** Peers that talk to one proxy; what comes beyond replaces the oldest. */
const PEERS_MAX = 256;

class Entry {
  readonly header: Bytes;
  readonly peer: Bytes;

  constructor(header: Bytes, peer: Bytes) {
    this.header = header;
    this.peer = peer;
  }
}

const entries: Array<Entry> = [] as Entry[];
let oldest = 0;
let last: Entry | null = null;

/**
 * The peer that a metadata header describes. The same bytes were decoded before in nearly every
 * request: they are compared, not trusted by their id.
 */
export function peerOf(header: Bytes): Bytes {
  const known = last;
  if (known !== null && known.header.equals(header)) return known.peer;
  for (let i = 0; i < entries.length; i++) {
    const entry = unchecked(entries[i]);
    if (!entry.header.equals(header)) continue;
    last = entry;
    return entry.peer;
  }
  return remember(header);
}

function remember(header: Bytes): Bytes {
  const decoded = decodePeer(header);
  const peer = decoded === null ? new Bytes() : Bytes.owning(decoded);
  const entry = new Entry(header.copy(), peer);
  if (entries.length < PEERS_MAX) entries.push(entry);
  else entries[oldest++ % PEERS_MAX] = entry;
  last = entry;
  return peer;
}
