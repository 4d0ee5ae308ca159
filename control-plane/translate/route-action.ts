import type { Json, JsonObject } from '@lateen/sdk/base/json';
import type { Destination, HttpRedirect, HttpRoute } from '../api/virtual-service.ts';
import { fullHost } from '../mesh/hosts.ts';
import { type Mesh, serviceFor } from '../mesh/mesh.ts';
import { headerFields, headerJson } from './header-changes.ts';
import { compact, seconds } from './json.ts';
import { outboundCluster } from './names.ts';
import { retryPolicy } from './retry-policy.ts';
import type { RouteClient } from './route-match.ts';

/** Where an action is translated: whose rule it is, and for whom. */
export interface ActionContext {
  readonly mesh: Mesh;
  readonly client: RouteClient;
  /** Namespace of the VirtualService: short names are completed with it. */
  readonly home: string;
}

/** `route`, `redirect` or `directResponse` of an envoy.config.route.v3.Route, with header edits. */
export function routeAction(rule: HttpRoute, context: ActionContext): JsonObject {
  if (rule.redirect !== undefined) return { redirect: redirect(rule.redirect, context.client) };
  if (rule.directResponse !== undefined) {
    const { status, body } = rule.directResponse;
    const content =
      body?.string === undefined
        ? body?.bytes === undefined
          ? undefined
          : { inlineBytes: body.bytes }
        : { inlineString: body.string };
    return { directResponse: compact({ status, body: content }) };
  }
  return forward(rule, context);
}

function forward(rule: HttpRoute, context: ActionContext): JsonObject {
  const all = rule.route ?? [];
  const destinations =
    all.length > 1 ? all.filter((item) => item.weight !== 0 && item.weight !== undefined) : all;
  const [first] = destinations;
  const single = destinations.length === 1 ? first : undefined;
  const edits = headerFields([rule.headers, single?.headers]);
  const clusters = destinations.map((item) => clusterFor(item.destination, context));
  const weighted = destinations.map((item, index): Json => {
    const own = headerFields([item.headers]);
    return compact({
      name: clusters[index],
      weight: item.weight ?? 0,
      ...headerJson(own),
      hostRewriteLiteral: own.authority,
    });
  });
  const policy = rule.retries ?? context.mesh.settings.defaultHttpRetryPolicy;
  return {
    route: compact({
      ...(single === undefined
        ? { weightedClusters: { clusters: weighted } }
        : { cluster: clusters[0] }),
      ...rewrite(rule, edits.authority),
      timeout: seconds(rule.timeout ?? 0),
      retryPolicy: retryPolicy(
        policy,
        destinations.some((item) => isHashed(item.destination, context)),
      ),
      hashPolicy: hashPolicy(
        destinations.map((item) => item.destination),
        context,
      ),
    }),
    ...headerJson(edits),
  };
}

function rewrite(rule: HttpRoute, authority: string | undefined): JsonObject {
  const { rewrite: wish } = rule;
  const regex = wish?.uriRegexRewrite;
  return compact({
    prefixRewrite: wish?.uri,
    regexRewrite:
      regex === undefined
        ? undefined
        : { pattern: { regex: regex.match }, substitution: regex.rewrite ?? '' },
    hostRewriteLiteral: wish?.authority ?? authority,
  });
}

/** A destination that is not found keeps its name: requests then get 503 with the flag NC. */
function clusterFor(destination: Destination, context: ActionContext): string {
  const { mesh, home, client } = context;
  const host = fullHost(destination.host, home, mesh.settings.domain);
  const service = serviceFor(mesh, host, home);
  const only = service?.ports.length === 1 ? service.ports[0]?.number : undefined;
  const port = destination.port?.number ?? only ?? client.port;
  return outboundCluster(port, destination.subset ?? '', host);
}

function redirect(wish: HttpRedirect, client: RouteClient): JsonObject {
  const codes: Readonly<Record<number, string>> = {
    302: 'FOUND',
    303: 'SEE_OTHER',
    307: 'TEMPORARY_REDIRECT',
    308: 'PERMANENT_REDIRECT',
  };
  return compact({
    hostRedirect: nonEmpty(wish.authority),
    portRedirect: redirectPort(wish, client),
    schemeRedirect: nonEmpty(wish.scheme),
    pathRedirect: nonEmpty(wish.uri),
    prefixRewrite: nonEmpty(wish.prefixRewrite),
    responseCode: codes[wish.redirectCode ?? 301],
  });
}

function redirectPort(wish: HttpRedirect, client: RouteClient): number | undefined {
  if (wish.derivePort === 'FROM_REQUEST_PORT') return client.port;
  if (wish.derivePort === 'FROM_PROTOCOL_DEFAULT') return wish.scheme === 'https' ? 443 : 80;
  return wish.port;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function isHashed(destination: Destination, context: ActionContext): boolean {
  return hashFor(destination, context) !== undefined;
}

function hashFor(destination: Destination, { mesh, home, client }: ActionContext) {
  const host = fullHost(destination.host, home, mesh.settings.domain);
  const service = serviceFor(mesh, host, home);
  if (service === undefined) return undefined;
  const rule = mesh.destinationRules.find(service, client.namespace);
  const subset = rule?.subsets.find((item) => item.name === destination.subset);
  const balancer = subset?.policy?.loadBalancer ?? rule?.policy?.loadBalancer;
  return balancer?.consistentHash;
}

/** The key of consistent hashing belongs to the route, in Envoy's terms. */
function hashPolicy(
  destinations: readonly Destination[],
  context: ActionContext,
): readonly Json[] | undefined {
  for (const destination of destinations) {
    const hash = hashFor(destination, context);
    if (hash === undefined) continue;
    if (hash.httpHeaderName !== undefined) return [{ header: { headerName: hash.httpHeaderName } }];
    if (hash.httpQueryParameterName !== undefined) {
      return [{ queryParameter: { name: hash.httpQueryParameterName } }];
    }
    if (hash.useSourceIp === true) return [{ connectionProperties: { sourceIp: true } }];
    if (hash.httpCookie !== undefined) {
      const { name, path, ttl } = hash.httpCookie;
      return [
        { cookie: compact({ name, path, ttl: ttl === undefined ? undefined : seconds(ttl) }) },
      ];
    }
  }
  return undefined;
}
