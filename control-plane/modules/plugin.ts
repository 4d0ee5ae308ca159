import { type ConfigObject, isKind, objectKey } from '../api/object.ts';
import { sha256 } from './digest.ts';
import { parseReference } from './oci/reference.ts';
import type { PullSecret, PullSecrets } from './pull-secret.ts';

/** What a resource says about the module it wants. */
export interface PluginSource {
  readonly key: string;
  readonly object: ConfigObject;
  /** Digest of the resource as written: another text is another version of the plugin. */
  readonly generation: string;
  readonly url: string;
  readonly sha256: string | undefined;
  readonly verificationKey: string | undefined;
  /** What was fetched from this URL before is good enough. */
  readonly reuse: boolean;
  readonly pullSecret: PullSecret | undefined;
}

/** The module that a resource asks for; undefined for resources that ask for none. */
export function pluginOf(object: ConfigObject, secrets: PullSecrets): PluginSource | undefined {
  const fields = moduleFieldsOf(object);
  if (fields === undefined) return undefined;
  const digest = fields.sha256 === '' ? undefined : fields.sha256;
  const name = fields.imagePullSecret;
  const pullSecret = name === undefined ? undefined : secrets.find(object.metadata.namespace, name);
  const written = JSON.stringify([object.raw, pullSecret?.fingerprint]);
  const url = withScheme(fields.url);
  return {
    key: objectKey(object),
    object,
    generation: sha256(Buffer.from(written)).slice(0, 16),
    url,
    sha256: digest,
    verificationKey: fields.verificationKey,
    reuse: isReusable(url, fields.imagePullPolicy),
    pullSecret,
  };
}

export function asksForModule(object: ConfigObject): boolean {
  return moduleFieldsOf(object) !== undefined;
}

/** As in Istio, a url without a scheme is an OCI reference; `host:5000/name` has none. */
function withScheme(url: string): string {
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.test(url) || /^data:/i.test(url) ? url : `oci://${url}`;
}

/**
 * An image is pulled once, unless its tag is `latest` or `Always` was asked for (Istio's rule); what
 * stands at an HTTP address may have changed whenever its resource has.
 */
function isReusable(url: string, policy: string | undefined): boolean {
  if (policy === 'Always') return false;
  if (policy === 'IfNotPresent') return true;
  const reference = /^oci:/i.test(url) ? parseReference(url) : undefined;
  if (reference?.ok !== true) return false;
  return reference.value.digest !== undefined || reference.value.tag !== 'latest';
}

function moduleFieldsOf(object: ConfigObject) {
  if (isKind(object, 'WasmPlugin')) return object.spec;
  if (isKind(object, 'TrafficExtension')) return object.spec.wasm;
  return undefined;
}
