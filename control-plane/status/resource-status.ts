import type { JsonObject } from '@lateen/sdk/base/json';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import { type ConfigObject, objectKey, originOf } from '../api/object.ts';
import type { PluginView } from '../modules/pipeline.ts';
import type { ConnectedProxy } from '../xds/ads-server.ts';
import { type PluginStatus, pluginStatus } from './plugin-status.ts';

export interface ResourceStatus {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly apiVersion: string;
  /** `file:line`. */
  readonly source: string;
  readonly state: 'ok' | 'warning' | 'error';
  readonly problems: readonly Problem[];
  readonly plugin?: PluginStatus;
  readonly raw: JsonObject;
}

export interface StatusInputs {
  readonly objects: readonly ConfigObject[];
  readonly problems: readonly Problem[];
  readonly plugins: readonly PluginView[];
  /** `Kind namespace/name` to the name of its extension configuration resource. */
  readonly extensionNames: ReadonlyMap<string, string>;
  /** Which version of each plugin is in the configuration. */
  readonly generations: ReadonlyMap<string, string>;
  readonly proxies: readonly ConnectedProxy[];
}

/** Every resource with what is said about it, in the order of kind, namespace and name. */
export function resourceStatuses(inputs: StatusInputs): readonly ResourceStatus[] {
  const views = new Map(inputs.plugins.map((view) => [view.key, view]));
  const problems = Map.groupBy(inputs.problems, (problem) => problem.origin.resource ?? '');
  const statuses = inputs.objects.map((object) => {
    const key = objectKey(object);
    const view = views.get(key);
    const own = problems.get(key) ?? [];
    return {
      ...identityOf(object),
      state: hasErrors(own) ? 'error' : own.length > 0 ? 'warning' : 'ok',
      problems: own,
      ...(view === undefined
        ? {}
        : {
            plugin: pluginStatus(view, {
              generation: inputs.generations.get(key),
              extensionName: inputs.extensionNames.get(key),
              proxies: inputs.proxies,
            }),
          }),
      raw: shownRaw(object),
    } satisfies ResourceStatus;
  });
  return statuses.sort((a, b) => sortKey(a).localeCompare(sortKey(b), 'en'));
}

/** The object as it was written; of a Secret, the names of its values alone. */
function shownRaw(object: ConfigObject): JsonObject {
  if (object.kind !== 'Secret') return object.raw;
  const hidden = (values: unknown): JsonObject =>
    Object.fromEntries(Object.keys(values ?? {}).map((name) => [name, '(hidden)']));
  const { data, stringData } = object.spec;
  return {
    ...object.raw,
    ...(data === undefined ? {} : { data: hidden(data) }),
    ...(stringData === undefined ? {} : { stringData: hidden(stringData) }),
  };
}

function identityOf(object: ConfigObject) {
  const { file, line } = originOf(object, []);
  return {
    kind: object.kind,
    namespace: object.metadata.namespace,
    name: object.metadata.name,
    apiVersion: object.apiVersion,
    source: line === undefined ? (file ?? '') : `${file}:${line}`,
  };
}

function sortKey(status: { kind: string; namespace: string; name: string }): string {
  return `${status.kind}\n${status.namespace}\n${status.name}`;
}
