import type { JsonObject } from '@lateen/sdk/base/json';
import type { FieldPath } from '../api/located.ts';
import type { ConfigObject } from '../api/object.ts';

/**
 * Where a piece of generated configuration comes from: `istio.config` as Istio writes it, and
 * `lateen.source`, the line in the user's file.
 */
export function provenance(
  object: ConfigObject,
  path: FieldPath = ['metadata', 'name'],
): JsonObject {
  return {
    filterMetadata: {
      istio: { config: configPath(object) },
      lateen: { source: sourceLine(object, path) },
    },
  };
}

/** The same as plain data, for lists of several sources. */
export function origin(object: ConfigObject, path: FieldPath = ['metadata', 'name']): JsonObject {
  return { config: configPath(object), source: sourceLine(object, path) };
}

/** `/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews`. */
export function configPath(object: ConfigObject): string {
  const kind = object.kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  const { namespace, name } = object.metadata;
  const root = object.apiVersion.includes('/') ? '/apis' : '/api';
  return `${root}/${object.apiVersion}/namespaces/${namespace}/${kind}/${name}`;
}

export function sourceLine(object: ConfigObject, path: FieldPath): string {
  const { file, line } = object.source.at(path, 'key');
  return line === undefined ? `${file}` : `${file}:${line}`;
}
