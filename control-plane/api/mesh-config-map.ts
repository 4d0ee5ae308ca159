import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { Located } from './located.ts';
import { readYaml, type YamlLimits } from './yaml-document.ts';

interface Embedded {
  readonly raw: JsonObject;
  readonly source: Located;
}

/**
 * The MeshConfig inside Istio's ConfigMap: `data.mesh` of the ConfigMap `istio`, as YAML text. It
 * becomes an object of its own; its fields' places are those of the text in the outer file.
 * Undefined for any other ConfigMap.
 */
export function embeddedMeshConfig(
  configMap: JsonObject,
  source: Located,
  limits: YamlLimits,
): Result<Embedded, readonly Problem[]> | undefined {
  const { metadata, data } = configMap;
  if (!isJsonObject(metadata) || metadata['name'] !== 'istio' || !isJsonObject(data))
    return undefined;
  const mesh = data['mesh'];
  if (typeof mesh !== 'string') return undefined;
  const anchor = source.at(['data', 'mesh'], 'value');
  const place = shifted(source.file, anchor.line ?? 1);
  const documents = readYaml(source.file, mesh, limits);
  if (!documents.ok) {
    return fail(documents.error.map((problem) => ({ ...problem, origin: place(problem.origin) })));
  }
  const document = documents.value[0];
  const raw: JsonObject = {
    apiVersion: 'mesh.istio.io/v1alpha1',
    kind: 'MeshConfig',
    metadata: {
      name: 'istio',
      ...(typeof metadata['namespace'] === 'string' ? { namespace: metadata['namespace'] } : {}),
    },
    spec: isJsonObject(document?.value) ? document.value : {},
  };
  return ok({
    raw,
    source: {
      file: source.file,
      at: (path, target) => {
        if (path[0] !== 'spec' || document === undefined)
          return source.at(['data', 'mesh'], target);
        const inner = document.source.at(path.slice(1), target);
        return { ...place(inner), path: inner.path === undefined ? 'spec' : `spec.${inner.path}` };
      },
    },
  });
}

type Place = ReturnType<Located['at']>;

/** Block text (`mesh: |-`) begins on the line after its key; columns are left to the reader. */
function shifted(file: string, blockLine: number): (inner: Place) => Place {
  return ({ column: _, sourceLine: __, length: ___, line, ...rest }) => ({
    ...rest,
    file,
    line: blockLine + (line ?? 1),
  });
}
