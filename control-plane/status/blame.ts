import { isJsonObject, type Json, type JsonObject } from '@lateen/sdk/base/json';

/** The resource that a part of an xDS resource was made from. */
export interface Maker {
  /** `Kind namespace/name`. */
  readonly key: string;
  /** `file:line`, where known. */
  readonly at: string | undefined;
}

interface Mark extends Maker {
  readonly path: string;
}

const MARKS_MAX = 10_000;

/**
 * Which resource a refusal is about. Generated routes, policies and filters carry their maker in
 * their metadata; the maker nearest to the field path in the message is it. Where no path leads
 * to one, it is the only maker in the whole xDS resource, if there is just one.
 */
export function makerOf(json: JsonObject, message: string): Maker | undefined {
  const marks: Mark[] = [];
  collect(json, '', (value, path) => {
    const maker = makerIn(value['metadata']);
    if (maker !== undefined) marks.push({ ...maker, path });
    return marks.length < MARKS_MAX;
  });
  const nearest = nearestTo(message, marks);
  if (nearest !== undefined) return { key: nearest.key, at: nearest.at };
  const keys = new Set(marks.map((mark) => mark.key));
  const only = keys.size === 1 ? marks[0] : undefined;
  return only && { key: only.key, at: only.at };
}

/** Name of the extension (ECDS) that fills the filter which a listener's refusal is about. */
export function extensionOf(listener: JsonObject, message: string): string | undefined {
  const marks: { path: string; name: string }[] = [];
  collect(listener, '', (value, path) => {
    const { name, configDiscovery } = value;
    if (configDiscovery !== undefined && typeof name === 'string') marks.push({ path, name });
    return marks.length < MARKS_MAX;
  });
  return nearestTo(message, marks)?.name ?? marks.find(({ name }) => message.includes(name))?.name;
}

/**
 * `/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews` (Istio's way to name
 * a resource in xDS metadata) to `VirtualService default/reviews`.
 */
export function keyOfConfigPath(path: string): string | undefined {
  const match = /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path);
  if (match === null) return undefined;
  const [, namespace, kind = '', name] = match;
  const words = kind.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('')} ${namespace}/${name}`;
}

/** Visits every object; the visitor says whether to go on. */
function collect(
  value: Json | undefined,
  path: string,
  visit: (value: JsonObject, path: string) => boolean,
): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      collect(item, `${path}[${index}]`, visit);
    });
    return;
  }
  if (!isJsonObject(value) || !visit(value, path)) return;
  for (const [name, field] of Object.entries(value)) {
    if (name !== 'metadata') collect(field, path === '' ? name : `${path}.${name}`, visit);
  }
}

function makerIn(metadata: Json | undefined): Maker | undefined {
  if (!isJsonObject(metadata) || !isJsonObject(metadata['filterMetadata'])) return undefined;
  const { istio, lateen } = metadata['filterMetadata'];
  const config = isJsonObject(istio) ? istio['config'] : undefined;
  const key = typeof config === 'string' ? keyOfConfigPath(config) : undefined;
  if (key === undefined) return undefined;
  const source = isJsonObject(lateen) ? lateen['source'] : undefined;
  return { key, at: typeof source === 'string' ? source : undefined };
}

/** The one whose path the message names with the most detail. */
function nearestTo<M extends { readonly path: string }>(
  message: string,
  marks: readonly M[],
): M | undefined {
  const text = camelCased(message);
  let best: { readonly mark: M; readonly length: number } | undefined;
  for (const mark of marks) {
    const length = lengthNamed(text, mark.path);
    if (length > 0 && length >= (best?.length ?? 0)) best = { mark, length };
  }
  return best?.mark;
}

/** Messages may spell fields as protobuf does (`virtual_hosts[0]`). */
function camelCased(text: string): string {
  return text.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * How much of the end of `path` stands in the text as a path of its own: a proxy may count from
 * inside (`http_filters[1]` of a connection manager). `routes[1]` is not in `routes[10]`, nor in
 * `virtualHosts[3].routes[1]`.
 */
function lengthNamed(text: string, path: string): number {
  const parts = path.split('.');
  for (let from = 0; from < parts.length; from += 1) {
    const suffix = parts.slice(from).join('.');
    if (!suffix.includes('[')) return 0;
    const at = text.indexOf(suffix);
    if (at < 0) continue;
    const before = text.charAt(at - 1);
    if (!/[\w.\]]/.test(before) && !/\w/.test(text.charAt(at + suffix.length)))
      return suffix.length;
  }
  return 0;
}
