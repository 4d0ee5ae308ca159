import { encodeBase64 } from '@lateen/sdk/assembly/bytes/base64';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Property } from '@lateen/sdk/assembly/host/property';
import { StructWriter } from './struct-writer';

/** What a node tells of itself: its own metadata keys, and labels that telemetry uses. */
const KEYS = ['NAME', 'NAMESPACE', 'WORKLOAD_NAME', 'CLUSTER_ID', 'OWNER'];
const LABELS = [
  'app',
  'version',
  'service.istio.io/canonical-name',
  'service.istio.io/canonical-revision',
];

/** The node's id, as `x-envoy-peer-metadata-id` carries it. */
export function ownId(): Bytes {
  const id = Property.of('node.id');
  return id.read() ? id.value.copy() : new Bytes();
}

/** The node's metadata as base64 of a google.protobuf.Struct. */
export function ownMetadata(): Bytes {
  const metadata = new StructWriter();
  for (let i = 0; i < KEYS.length; i++) {
    const value = Property.segments(['node', 'metadata', KEYS[i]]);
    if (value.read()) metadata.text(Bytes.of(KEYS[i]), value.value.copy());
  }
  const labels = new StructWriter();
  for (let i = 0; i < LABELS.length; i++) {
    const value = Property.segments(['node', 'metadata', 'LABELS', LABELS[i]]);
    if (value.read()) labels.text(Bytes.of(LABELS[i]), value.value.copy());
  }
  metadata.struct(Bytes.of('LABELS'), labels);
  const text = new Bytes();
  encodeBase64(metadata.bytes(), text);
  return text.copy();
}
