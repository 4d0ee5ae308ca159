import { decodeBase64 } from '@lateen/sdk/assembly/bytes/base64';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { MessageReader } from './struct-reader';

/**
 * A peer as later filters read it (properties `downstream_peer` and `upstream_peer`): workload,
 * namespace, app, version, canonical name, canonical revision and cluster, joined by NUL; what the
 * peer did not tell is empty.
 */
const FIELDS = 7;
const NAMES: Bytes[] = [
  Bytes.of('WORKLOAD_NAME'),
  Bytes.of('NAMESPACE'),
  Bytes.of('app'),
  Bytes.of('version'),
  Bytes.of('service.istio.io/canonical-name'),
  Bytes.of('service.istio.io/canonical-revision'),
  Bytes.of('CLUSTER_ID'),
];
const LABELS = Bytes.of('LABELS');
const STRUCT_FIELDS: u32 = 1;
const ENTRY_KEY: u32 = 1;
const ENTRY_VALUE: u32 = 2;
const STRING_VALUE: u32 = 3;
const STRUCT_VALUE: u32 = 5;
const HEADER_BYTES_MAX = 16384;
const FIELD_BYTES_MAX = 256;

const values: Bytes[] = [
  new Bytes(),
  new Bytes(),
  new Bytes(),
  new Bytes(),
  new Bytes(),
  new Bytes(),
  new Bytes(),
];
const message = new Bytes();

/** Decodes a peer's header into the text above; empty where it is no metadata of a peer. */
export function decodePeer(header: Bytes): ArrayBuffer | null {
  if (header.size > HEADER_BYTES_MAX || !decodeBase64(header, message)) return null;
  for (let i = 0; i < FIELDS; i++) values[i].point(0, 0);
  if (!readStruct(message, true)) return null;
  let size = FIELDS - 1;
  for (let i = 0; i < FIELDS; i++) size += values[i].size;
  const buffer = new ArrayBuffer(size);
  let at = changetype<usize>(buffer);
  for (let i = 0; i < FIELDS; i++) {
    if (i > 0) at++;
    memory.copy(at, values[i].pointer, values[i].size);
    at += values[i].size;
  }
  return buffer;
}

/** Notes the fields we know; labels stand in a struct of their own, one level down. */
function readStruct(struct: Bytes, outer: bool): bool {
  const entries = new MessageReader().open(struct);
  while (entries.next()) {
    if (entries.number !== STRUCT_FIELDS) continue;
    if (!readEntry(entries.value, outer)) return false;
  }
  return !entries.broken;
}

function readEntry(entry: Bytes, outer: bool): bool {
  const key = new Bytes();
  const value = new Bytes();
  const parts = new MessageReader().open(entry);
  while (parts.next()) {
    if (parts.number === ENTRY_KEY) key.take(parts.value);
    else if (parts.number === ENTRY_VALUE) value.take(parts.value);
  }
  if (parts.broken) return false;
  const kind = new MessageReader().open(value);
  while (kind.next()) {
    if (kind.number === STRING_VALUE) note(key, kind.value);
    else if (kind.number === STRUCT_VALUE && outer && key.equals(LABELS)) {
      if (!readStruct(kind.value, false)) return false;
    }
  }
  return !kind.broken;
}

function note(key: Bytes, value: Bytes): void {
  if (value.size > FIELD_BYTES_MAX || value.indexOf(0) >= 0) return;
  for (let i = 0; i < FIELDS; i++) {
    if (NAMES[i].equals(key)) values[i].take(value);
  }
}
