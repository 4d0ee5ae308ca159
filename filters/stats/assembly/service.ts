import { PairReader } from '@lateen/sdk/assembly/host/pairs';
import { AUTHORITY, CLUSTER_NAME, parts, SERVICE } from './traffic';

/** Clusters that stand for no service; their names say where requests went (Istio). */
const NO_SERVICES = [
  'BlackHoleCluster',
  'PassthroughCluster',
  'InboundPassthroughCluster',
  'InboundPassthroughClusterIpv4',
  'InboundPassthroughClusterIpv6',
];

/** The service that a request was for: the cluster's metadata, else the host that it names. */
export class Destination {
  host: string = '';
  name: string = '';
  namespace: string = '';

  constructor(targetNamespace: string) {
    if (parts[SERVICE].size > 0) this.readService();
    else this.readRequest();
    if (this.name.length === 0) this.name = this.host;
    if (this.namespace.length === 0) this.namespace = targetNamespace;
  }

  private readService(): void {
    const reader = new PairReader();
    reader.open(parts[SERVICE].pointer, parts[SERVICE].size);
    while (reader.next()) {
      const key = reader.name.toString();
      if (key === 'host') this.host = reader.value.toString();
      else if (key === 'name') this.name = reader.value.toString();
      else if (key === 'namespace') this.namespace = reader.value.toString();
    }
  }

  private readRequest(): void {
    this.host = parts[AUTHORITY].toString();
    const cluster = parts[CLUSTER_NAME].toString();
    if (NO_SERVICES.includes(cluster)) this.name = cluster;
  }
}
