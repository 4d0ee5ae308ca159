import { Property } from '@lateen/sdk/assembly/host/property';
import { Workload } from './workload';

/** The workload that this proxy stands for, from the node's metadata. */
export function ownWorkload(): Workload {
  const own = new Workload();
  own.name = metadata('WORKLOAD_NAME');
  own.namespace = metadata('NAMESPACE');
  own.cluster = metadata('CLUSTER_ID');
  own.app = label('app');
  own.version = label('version');
  own.canonicalName = firstOf('service.istio.io/canonical-name', 'app.kubernetes.io/name');
  own.canonicalRevision = firstOf(
    'service.istio.io/canonical-revision',
    'app.kubernetes.io/version',
  );
  own.settleCanonical();
  return own;
}

function firstOf(name: string, other: string): string {
  const value = label(name);
  return value.length > 0 ? value : label(other);
}

function label(name: string): string {
  return textAt(['node', 'metadata', 'LABELS', name]);
}

function metadata(name: string): string {
  return textAt(['node', 'metadata', name]);
}

function textAt(path: Array<string>): string {
  const text = Property.segments(path).text();
  return text === null ? '' : text;
}
