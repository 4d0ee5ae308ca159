import type { JsonObject } from '@lateen/sdk/base/json';

/** What a proxy is told before it can ask for more. */
export interface BootstrapInput {
  readonly type: 'sidecar' | 'router';
  /** Name of the workload (`reviews-v1`). */
  readonly workload: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** 0: no explicit HTTP proxy. */
  readonly httpProxyPort: number;
  readonly adminPort: number;
  /** `127.0.0.1:15010`. */
  readonly ads: string;
  readonly token: string;
}

export function nodeId(input: Pick<BootstrapInput, 'type' | 'workload' | 'namespace'>): string {
  const { type, workload, namespace } = input;
  return `${type}~127.0.0.1~${workload}.${namespace}~${namespace}.svc.cluster.local`;
}

/** An Envoy v3 bootstrap: everything over ADS from our control plane. Holds its token. */
export function bootstrap(input: BootstrapInput): JsonObject {
  const ads = { ads: {}, resourceApiVersion: 'V3' };
  const metadata = { key: 'authorization', value: `Bearer ${input.token}` };
  return {
    node: {
      id: nodeId(input),
      cluster: `${input.labels['app'] ?? input.workload}.${input.namespace}`,
      metadata: nodeMetadata(input),
    },
    admin: { address: socketAddress('127.0.0.1', input.adminPort) },
    dynamicResources: {
      adsConfig: {
        apiType: 'DELTA_GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: 'xds-grpc' }, initialMetadata: [metadata] }],
      },
      cdsConfig: ads,
      ldsConfig: ads,
    },
    staticResources: { clusters: [adsCluster(input.ads)] },
  };
}

/** Istio's keys of node metadata. */
function nodeMetadata(input: BootstrapInput): JsonObject {
  return {
    NAMESPACE: input.namespace,
    WORKLOAD_NAME: input.workload,
    NAME: input.workload,
    LABELS: input.labels,
    INTERCEPTION_MODE: 'NONE',
    CLUSTER_ID: 'Kubernetes',
    MESH_ID: 'cluster.local',
    ...(input.type === 'router' ? { LATEEN_BIND: '127.0.0.1' } : {}),
    ...(input.httpProxyPort === 0 ? {} : { HTTP_PROXY_PORT: String(input.httpProxyPort) }),
  };
}

function adsCluster(address: string): JsonObject {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replaceAll(/[[\]]/g, '');
  const endpoint = { address: socketAddress(host, Number(address.slice(colon + 1))) };
  return {
    name: 'xds-grpc',
    type: 'STATIC',
    connectTimeout: '1s',
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicitHttpConfig: { http2ProtocolOptions: {} },
      },
    },
    loadAssignment: { clusterName: 'xds-grpc', endpoints: [{ lbEndpoints: [{ endpoint }] }] },
  };
}

function socketAddress(address: string, portValue: number): JsonObject {
  return { socketAddress: { address, portValue } };
}
