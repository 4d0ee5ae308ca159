import { isJsonObject } from '@lateen/sdk/base/json';
import * as z from 'zod';
import {
  bool,
  count,
  duration,
  knownFields,
  list,
  object,
  positiveDuration,
  text,
} from './schema.ts';
import { retryOn } from './virtual-service.ts';

/** MeshConfig.defaultConfig: read where it concerns us, known by name where it does not. */
const defaultConfig = object({
  concurrency: count.optional(),
  drainDuration: duration.optional(),
  terminationDrainDuration: duration.optional(),
  discoveryAddress: text.optional(),
  proxyAdminPort: count.optional(),
  statusPort: count.optional(),
  interceptionMode: z.enum(['REDIRECT', 'TPROXY', 'NONE']).optional(),
  proxyMetadata: z.record(z.string(), z.string()).optional(),
  ...knownFields([
    'configPath',
    'binaryPath',
    'serviceCluster',
    'tracingServiceName',
    'discoveryRefreshDelay',
    'zipkinAddress',
    'statsdUdpAddress',
    'envoyMetricsServiceAddress',
    'availabilityZone',
    'controlPlaneAuthPolicy',
    'customConfigFile',
    'statNameLength',
    'proxyBootstrapTemplatePath',
    'tracing',
    'sds',
    'envoyAccessLogService',
    'envoyMetricsService',
    'runtimeValues',
    'extraStatTags',
    'gatewayTopology',
    'meshId',
    'readinessProbe',
    'proxyStatsMatcher',
    'holdApplicationUntilProxyStarts',
    'caCertificatesPem',
    'image',
    'privateKeyProvider',
    'proxyHeaders',
    'fileFlushInterval',
    'fileFlushMinSizeKb',
    'statsCompression',
    'connectionSettings',
  ]),
});

const retryPolicy = object({
  attempts: count.optional(),
  perTryTimeout: positiveDuration.optional(),
  retryOn: retryOn.optional(),
  retryRemoteLocalities: bool.optional(),
  retryIgnorePreviousHosts: bool.optional(),
  backoff: positiveDuration.optional(),
});

/** Fields of Istio's MeshConfig that are known and have no effect here yet. */
export const MESH_CONFIG_WITHOUT_EFFECT = [
  'hboneIdleTimeout',
  'protocolDetectionTimeout',
  'tcpKeepalive',
  'ingressClass',
  'ingressService',
  'ingressControllerMode',
  'ingressSelector',
  'enableTracing',
  'enableEnvoyAccessLogService',
  'disableEnvoyListenerLog',
  'inboundTrafficPolicy',
  'configSources',
  'enableAutoMtls',
  'trustDomainAliases',
  'caCertificates',
  'localityLbSetting',
  'zoneAwareLbSetting',
  'h2UpgradePolicy',
  'inboundClusterStatName',
  'outboundClusterStatName',
  'certificates',
  'serviceSettings',
  'serviceScopeConfigs',
  'enablePrometheusMerge',
  'verifyCertificateAtClient',
  'ca',
  'extensionProviders',
  'defaultProviders',
  'discoverySelectors',
  'meshMTLS',
  'tlsDefaults',
  'defaultTrafficPolicy',
  'serviceEntryVisibility',
] as const;

export const meshConfig = object({
  proxyListenPort: count.optional(),
  proxyInboundListenPort: count.optional(),
  proxyHttpPort: count.optional(),
  connectTimeout: positiveDuration.optional(),
  accessLogFile: text.optional(),
  accessLogFormat: text.optional(),
  accessLogEncoding: z.enum(['TEXT', 'JSON']).optional(),
  defaultConfig: defaultConfig.optional(),
  outboundTrafficPolicy: object({
    mode: z.enum(['REGISTRY_ONLY', 'ALLOW_ANY', 'ALLOW_ANY_DYNAMIC_DNS']).optional(),
    tls: z.unknown().optional(),
  }).optional(),
  trustDomain: text.optional(),
  defaultServiceExportTo: list(text).optional(),
  defaultVirtualServiceExportTo: list(text).optional(),
  defaultDestinationRuleExportTo: list(text).optional(),
  rootNamespace: text.optional(),
  dnsRefreshRate: positiveDuration.optional(),
  pathNormalization: object({
    normalization: z
      .enum(['DEFAULT', 'NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'])
      .optional(),
  }).optional(),
  defaultHttpRetryPolicy: retryPolicy.optional(),
  ...knownFields(MESH_CONFIG_WITHOUT_EFFECT),
}).refine((config) => config.accessLogEncoding !== 'JSON' || isJsonMap(config.accessLogFormat), {
  message: 'must be a JSON object when accessLogEncoding is JSON',
  path: ['accessLogFormat'],
});

/** Nothing is a format too: the default one. */
function isJsonMap(format: string | undefined): boolean {
  if (format === undefined || format === '') return true;
  try {
    return isJsonObject(JSON.parse(format));
  } catch {
    return false;
  }
}

export type MeshConfigSpec = z.output<typeof meshConfig>;
