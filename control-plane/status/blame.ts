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
  collect(json, '', marks);
  const text = camelCased(message);
  const named = marks.filter((mark) => mark.path !== '' && mentions(text, mark.path));
  const nearest = named.reduce<Mark | undefined>(
    (best, mark) => (best === undefined || mark.path.length > best.path.length ? mark : best),
    undefined,
  );
  if (nearest !== undefined) return { key: nearest.key, at: nearest.at };
  const keys = new Set(marks.map((mark) => mark.key));
  const only = keys.size === 1 ? marks[0] : undefined;
  return only && { key: only.key, at: only.at };
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

function collect(value: Json | undefined, path: string, marks: Mark[]): void {
  if (marks.length >= MARKS_MAX) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      collect(item, `${path}[${index}]`, marks);
    });
    return;
  }
  if (!isJsonObject(value)) return;
  const mark = markOf(value['metadata'], path);
  if (mark !== undefined) marks.push(mark);
  for (const [name, field] of Object.entries(value)) {
    if (name !== 'metadata') collect(field, path === '' ? name : `${path}.${name}`, marks);
  }
}

function markOf(metadata: Json | undefined, path: string): Mark | undefined {
  if (!isJsonObject(metadata) || !isJsonObject(metadata['filterMetadata'])) return undefined;
  const { istio, lateen } = metadata['filterMetadata'];
  const config = isJsonObject(istio) ? istio['config'] : undefined;
  const key = typeof config === 'string' ? keyOfConfigPath(config) : undefined;
  if (key === undefined) return undefined;
  const source = isJsonObject(lateen) ? lateen['source'] : undefined;
  return { key, at: typeof source === 'string' ? source : undefined, path };
}

/** Messages may spell fields as protobuf does (`virtual_hosts[0]`). */
function camelCased(text: string): string {
  return text.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** As a whole path: `routes[1]` is not in `routes[10]`. */
function mentions(text: string, path: string): boolean {
  const at = text.indexOf(path);
  return at >= 0 && !/\w/.test(text.charAt(at + path.length));
}
