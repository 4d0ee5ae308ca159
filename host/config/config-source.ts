import type { JsonReader } from '@lateen/sdk/base/json-reader';

/** A management server and how to speak to it. */
export interface GrpcSource {
  readonly dialect: 'delta' | 'sotw';
  /** The static cluster with its addresses; empty where `target` says it. */
  readonly clusterName: string;
  /** `host:port` of a google_grpc service; empty where a cluster says it. */
  readonly target: string;
  /** Sent with every stream, e.g. a token. */
  readonly metadata: readonly (readonly [name: string, value: string])[];
}

/** Where resources of a type come from. */
export type ConfigSource =
  | { readonly kind: 'ads'; readonly initialFetchTimeoutMs: number }
  | {
      readonly kind: 'grpc';
      readonly server: GrpcSource;
      readonly initialFetchTimeoutMs: number;
    }
  | { readonly kind: 'path'; readonly path: string; readonly watchedDirectory: string };

/** Envoy's default; 0 in a file means "wait for ever". */
const INITIAL_FETCH_TIMEOUT_MS = 15_000;

/** Reads a core.v3.ConfigSource; null where it is refused, with a problem. */
export function readConfigSource(r: JsonReader): ConfigSource | null {
  const initialFetchTimeoutMs = r.durationMs('initialFetchTimeout', INITIAL_FETCH_TIMEOUT_MS);
  checkVersion(r, 'resourceApiVersion');
  if (r.has('ads') || r.has('self')) {
    r.ignore('ads', 'self');
    return { kind: 'ads', initialFetchTimeoutMs };
  }
  if (r.has('path')) return { kind: 'path', path: r.string('path'), watchedDirectory: '' };
  if (r.has('pathConfigSource')) {
    const source = r.object('pathConfigSource');
    const watchedDirectory = source.object('watchedDirectory').string('path');
    return { kind: 'path', path: source.string('path'), watchedDirectory };
  }
  if (r.has('apiConfigSource')) {
    const server = readGrpcSource(r.object('apiConfigSource'));
    return server && { kind: 'grpc', server, initialFetchTimeoutMs };
  }
  r.error('names no source');
  return null;
}

const DIALECTS: Readonly<Record<string, GrpcSource['dialect']>> = {
  GRPC: 'sotw',
  AGGREGATED_GRPC: 'sotw',
  DELTA_GRPC: 'delta',
  AGGREGATED_DELTA_GRPC: 'delta',
};

/** Reads a core.v3.ApiConfigSource; null where it is refused, with a problem. */
export function readGrpcSource(r: JsonReader): GrpcSource | null {
  const apiType = r.string('apiType');
  const dialect = DIALECTS[apiType];
  checkVersion(r, 'transportApiVersion');
  r.ignore('setNodeOnFirstMessageOnly', 'rateLimitSettings', 'refreshDelay', 'requestTimeout');
  if (dialect === undefined) {
    r.error(`${apiType === '' ? 'no API type' : apiType} is not supported`, 'apiType');
    return null;
  }
  const [service, ...others] = r.objects('grpcServices');
  for (const other of others) {
    other.problem('warning', 'LAT0602', 'only the first service is used');
  }
  if (service === undefined) {
    r.error('needs one service', 'grpcServices');
    return null;
  }
  const metadata = service
    .objects('initialMetadata')
    .map((header) => [header.string('key').toLowerCase(), header.string('value')] as const);
  const target = readTarget(service);
  service.ignore('timeout', 'retryPolicy');
  service.warnUnread();
  return target && { dialect, metadata, ...target };
}

function readTarget(service: JsonReader): Pick<GrpcSource, 'clusterName' | 'target'> | null {
  if (service.has('envoyGrpc')) {
    return { clusterName: service.object('envoyGrpc').string('clusterName'), target: '' };
  }
  const google = service.object('googleGrpc');
  if (google.has('channelCredentials')) {
    google.error('credentials are not supported yet', 'channelCredentials');
    return null;
  }
  return { clusterName: '', target: google.string('targetUri') };
}

function checkVersion(r: JsonReader, field: string): void {
  const version = r.string(field, 'V3');
  if (version !== 'V3' && version !== 'AUTO') r.error(`${version} is not supported, V3 is`, field);
}
