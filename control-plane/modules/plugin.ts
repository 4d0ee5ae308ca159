import { type ConfigObject, isKind, objectKey } from '../api/object.ts';
import { sha256 } from './digest.ts';

/** What a resource says about the module it wants. */
export interface PluginSource {
  readonly key: string;
  readonly object: ConfigObject;
  /** Digest of the resource as written: another text is another version of the plugin. */
  readonly generation: string;
  readonly url: string;
  readonly sha256: string | undefined;
  /** What was fetched from this URL before is good enough. */
  readonly reuse: boolean;
}

/** The module that a resource asks for; undefined for resources that ask for none. */
export function pluginOf(object: ConfigObject): PluginSource | undefined {
  const fields = moduleFieldsOf(object);
  if (fields === undefined) return undefined;
  const digest = fields.sha256 === '' ? undefined : fields.sha256;
  return {
    key: objectKey(object),
    object,
    generation: sha256(Buffer.from(JSON.stringify(object.raw))).slice(0, 16),
    // As in Istio, a url without a scheme is an OCI reference.
    url: /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(fields.url) ? fields.url : `oci://${fields.url}`,
    sha256: digest,
    reuse: fields.imagePullPolicy === 'IfNotPresent',
  };
}

function moduleFieldsOf(object: ConfigObject) {
  if (isKind(object, 'WasmPlugin')) return object.spec;
  if (isKind(object, 'TrafficExtension')) return object.spec.wasm;
  return undefined;
}
