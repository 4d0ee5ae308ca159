import type { MeshConfigSpec } from '../api/mesh-config.ts';
import type { TypedObject } from '../api/object.ts';
import type { HttpRetries } from '../api/virtual-service.ts';

/** MeshConfig with every default settled; nobody after this stage knows a default. */
export interface MeshSettings {
  readonly object: TypedObject<'MeshConfig'> | undefined;
  readonly rootNamespace: string;
  readonly trustDomain: string;
  /** `svc.<this>` ends every Kubernetes service's host name. */
  readonly domain: string;
  readonly clusterId: string;
  /** 0: no explicit HTTP proxy, unless a node asks for one. */
  readonly proxyHttpPort: number;
  readonly proxyListenPort: number;
  readonly proxyInboundListenPort: number;
  /** Empty: no access log. */
  readonly accessLogFile: string;
  /** Empty: Istio's default format. */
  readonly accessLogFormat: string;
  readonly accessLogEncoding: 'TEXT' | 'JSON';
  readonly connectTimeoutMs: number;
  readonly dnsRefreshRateMs: number;
  readonly pathNormalization: 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';
  readonly outboundTrafficPolicy: 'REGISTRY_ONLY' | 'ALLOW_ANY';
  readonly defaultHttpRetryPolicy: HttpRetries | undefined;
  readonly defaultServiceExportTo: readonly string[];
  readonly defaultVirtualServiceExportTo: readonly string[];
  readonly defaultDestinationRuleExportTo: readonly string[];
  /** 0: one worker per CPU that the proxy may use. */
  readonly concurrency: number;
}

/** Istio's defaults where the MeshConfig is silent. */
export function settleMeshConfig(object: TypedObject<'MeshConfig'> | undefined): MeshSettings {
  const spec: MeshConfigSpec = object?.spec ?? {};
  const normalization = spec.pathNormalization?.normalization ?? 'DEFAULT';
  const everybody = ['*'];
  return {
    object,
    rootNamespace: spec.rootNamespace ?? 'istio-system',
    trustDomain: spec.trustDomain ?? 'cluster.local',
    domain: 'cluster.local',
    clusterId: 'Kubernetes',
    proxyHttpPort: spec.proxyHttpPort ?? 0,
    proxyListenPort: spec.proxyListenPort ?? 15001,
    proxyInboundListenPort: spec.proxyInboundListenPort ?? 15006,
    accessLogFile: spec.accessLogFile ?? '',
    accessLogFormat: spec.accessLogFormat ?? '',
    accessLogEncoding: spec.accessLogEncoding ?? 'TEXT',
    connectTimeoutMs: spec.connectTimeout ?? 10_000,
    dnsRefreshRateMs: spec.dnsRefreshRate ?? 60_000,
    pathNormalization: normalization === 'DEFAULT' ? 'BASE' : normalization,
    outboundTrafficPolicy:
      spec.outboundTrafficPolicy?.mode === 'REGISTRY_ONLY' ? 'REGISTRY_ONLY' : 'ALLOW_ANY',
    defaultHttpRetryPolicy: spec.defaultHttpRetryPolicy,
    defaultServiceExportTo: spec.defaultServiceExportTo ?? everybody,
    defaultVirtualServiceExportTo: spec.defaultVirtualServiceExportTo ?? everybody,
    defaultDestinationRuleExportTo: spec.defaultDestinationRuleExportTo ?? everybody,
    concurrency: spec.defaultConfig?.concurrency ?? 0,
  };
}
