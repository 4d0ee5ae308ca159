import type { Json, JsonObject } from '@lateen/sdk/base/json';
import type { HttpMatch } from '../api/virtual-service.ts';
import { selects } from '../mesh/hosts.ts';
import { fullGateway, MESH_GATEWAY } from '../mesh/virtual-services.ts';
import { compact, unlessEmpty } from './json.ts';
import { headerMatcher, stringMatcher, withoutHeaderMatcher } from './string-matcher.ts';

/** Who the routes are for. */
export interface RouteClient {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `mesh`, or `namespace/name` of every Gateway the proxy serves on this port. */
  readonly gateways: ReadonlySet<string>;
  /** The service's or the gateway server's port that is being routed. */
  readonly port: number;
}

/** Whether a match can apply to the client at all: port, gateways, source. */
export function concernsClient(match: HttpMatch, home: string, client: RouteClient): boolean {
  if (match.port !== undefined && match.port !== client.port) return false;
  if (match.gateways !== undefined && match.gateways.length > 0) {
    const named = match.gateways.map((name) => fullGateway(name, home));
    if (!named.some((name) => client.gateways.has(name))) return false;
  }
  const sidecar = client.gateways.has(MESH_GATEWAY);
  if (sidecar && !selects(match.sourceLabels, client.labels)) return false;
  const source = match.sourceNamespace ?? '';
  return source === '' || source === client.namespace;
}

/** envoy.config.route.v3.RouteMatch; undefined stands for "every request". */
export function routeMatch(match: HttpMatch | undefined): JsonObject {
  if (match === undefined) return { prefix: '/' };
  const headers: JsonObject[] = [];
  const add = (name: string, value: HttpMatch['uri']): void => {
    if (value !== undefined) headers.push(headerMatcher(name, value));
  };
  for (const [name, value] of Object.entries(match.headers ?? {})) {
    headers.push(headerMatcher(name, value));
  }
  for (const [name, value] of Object.entries(match.withoutHeaders ?? {})) {
    headers.push(withoutHeaderMatcher(name, value));
  }
  add(':scheme', match.scheme);
  add(':method', match.method);
  add(':authority', match.authority);
  return compact({
    ...path(match),
    caseSensitive: match.ignoreUriCase === true ? false : undefined,
    headers: unlessEmpty<Json>(headers),
    queryParameters: unlessEmpty<Json>(Object.entries(match.queryParams ?? {}).map(queryParameter)),
  });
}

function path({ uri }: HttpMatch): JsonObject {
  if (uri?.exact !== undefined) return { path: uri.exact };
  if (uri?.prefix !== undefined) return { prefix: uri.prefix };
  if (uri?.regex !== undefined) return { safeRegex: { regex: uri.regex } };
  return { prefix: '/' };
}

function queryParameter([name, match]: [string, NonNullable<HttpMatch['uri']>]): JsonObject {
  const matcher = stringMatcher(match);
  const present = matcher === undefined || match.exact === '';
  return present ? { name, presentMatch: true } : { name, stringMatch: matcher };
}
