import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';

/** A proxy as it introduces itself: Istio's node id and metadata. */
export interface ProxyNode {
  /** `sidecar~127.0.0.1~reviews-v1.default~default.svc.cluster.local`. */
  readonly id: string;
  readonly type: 'sidecar' | 'router';
  readonly ip: string;
  /** The workload's name in its namespace (`reviews-v1`). */
  readonly name: string;
  readonly namespace: string;
  /** DNS suffix of the namespace (`default.svc.cluster.local`). */
  readonly dnsDomain: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: JsonObject;
  /** Whether traffic is redirected to it (`REDIRECT`, `TPROXY`) or sent to it (`NONE`). */
  readonly interception: 'NONE' | 'REDIRECT' | 'TPROXY' | undefined;
  /** Its own port for the explicit HTTP proxy, in place of MeshConfig's; 0: none given. */
  readonly httpProxyPort: number;
}

/** Reads `envoy.config.core.v3.Node` as canonical JSON. */
export function parseNode(node: JsonObject): Result<ProxyNode> {
  const id = typeof node['id'] === 'string' ? node['id'] : '';
  const parts = id.split('~');
  const [type, ip = '', fullName = '', dnsDomain = ''] = parts;
  if (parts.length !== 4 || (type !== 'sidecar' && type !== 'router')) {
    return fail(refusal(id, 'node id must be sidecar~<ip>~<name>.<namespace>~<dns domain>'));
  }
  const metadata = isJsonObject(node['metadata']) ? node['metadata'] : {};
  const dot = fullName.lastIndexOf('.');
  const given = metadata['NAMESPACE'];
  const namespace =
    typeof given === 'string' && given !== '' ? given : dot < 0 ? '' : fullName.slice(dot + 1);
  if (namespace === '') return fail(refusal(id, 'the node names no namespace'));
  return ok({
    id,
    type,
    ip,
    name: dot < 0 ? fullName : fullName.slice(0, dot),
    namespace,
    dnsDomain: dnsDomain === '' ? `${namespace}.svc.cluster.local` : dnsDomain,
    labels: stringsOf(metadata['LABELS']),
    metadata,
    interception: interceptionOf(metadata['INTERCEPTION_MODE']),
    httpProxyPort: portOf(metadata['HTTP_PROXY_PORT']),
  });
}

function refusal(id: string, message: string): Problem {
  return { level: 'error', code: 'LAT0604', message, origin: { resource: `node ${id}` } };
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {};
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function interceptionOf(value: unknown): ProxyNode['interception'] {
  return value === 'NONE' || value === 'REDIRECT' || value === 'TPROXY' ? value : undefined;
}

function portOf(value: unknown): number {
  const port = Number(value ?? 0);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0;
}
