import * as z from 'zod';
import {
  atMostOne,
  bool,
  count,
  duration,
  exportTo,
  int32,
  list,
  nonEmpty,
  object,
  percent,
  port,
  portSelector,
  positiveDuration,
  stringMap,
  stringMatch,
  text,
  uint32,
} from './schema.ts';

const destination = object({
  host: nonEmpty,
  subset: text.optional(),
  port: portSelector.optional(),
});

const headerOperations = object({
  set: stringMap.optional(),
  add: stringMap.optional(),
  remove: list(nonEmpty).optional(),
});
const headers = object({
  request: headerOperations.optional(),
  response: headerOperations.optional(),
});

const headerMatches = z.record(
  z
    .string()
    .min(1)
    .regex(/^[!#$%&'*+.^_`|~0-9a-z@[\]-]+$/, 'must be a header name in lower case'),
  stringMatch,
);

const match = object({
  name: text.optional(),
  uri: stringMatch.optional(),
  scheme: stringMatch.optional(),
  method: stringMatch.optional(),
  authority: stringMatch.optional(),
  headers: headerMatches.optional(),
  withoutHeaders: headerMatches.optional(),
  queryParams: z.record(z.string(), stringMatch).optional(),
  port: port.optional(),
  sourceLabels: stringMap.optional(),
  sourceNamespace: text.optional(),
  gateways: list(nonEmpty).optional(),
  ignoreUriCase: bool.optional(),
  statPrefix: text.optional(),
});

const routeDestination = object({
  destination,
  weight: count.optional(),
  headers: headers.optional(),
});

const redirect = object({
  uri: text.optional(),
  prefixRewrite: text.optional(),
  authority: text.optional(),
  port: port.optional(),
  derivePort: z.enum(['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT']).optional(),
  scheme: text.optional(),
  redirectCode: z.literal([301, 302, 303, 307, 308]).optional(),
})
  .superRefine(atMostOne('port', 'derivePort'))
  .superRefine(atMostOne('uri', 'prefixRewrite'));

const directResponse = object({
  status: z.int().min(200).max(599),
  body: object({ string: text.optional(), bytes: text.optional() })
    .superRefine(atMostOne('string', 'bytes'))
    .optional(),
});

const rewrite = object({
  uri: text.optional(),
  authority: text.optional(),
  uriRegexRewrite: object({ match: nonEmpty, rewrite: text.optional() }).optional(),
}).superRefine(atMostOne('uri', 'uriRegexRewrite'));

const retries = object({
  attempts: count.optional(),
  perTryTimeout: positiveDuration.optional(),
  retryOn: text.optional(),
  retryRemoteLocalities: bool.optional(),
  retryIgnorePreviousHosts: bool.optional(),
  backoff: positiveDuration.optional(),
});

const delay = object({
  percent: z.int().min(0).max(100).optional(),
  percentage: percent.optional(),
  fixedDelay: positiveDuration.optional(),
  exponentialDelay: positiveDuration.optional(),
}).superRefine(atMostOne('fixedDelay', 'exponentialDelay'));

const abort = object({
  percentage: percent.optional(),
  httpStatus: z.int().min(200).max(599).optional(),
  grpcStatus: text.optional(),
  http2Error: text.optional(),
}).superRefine(atMostOne('httpStatus', 'grpcStatus', 'http2Error'));

const corsPolicy = object({
  allowOrigin: list(text).optional(),
  allowOrigins: list(stringMatch).optional(),
  allowMethods: list(text).optional(),
  allowHeaders: list(text).optional(),
  exposeHeaders: list(text).optional(),
  maxAge: duration.optional(),
  allowCredentials: bool.optional(),
  unmatchedPreflights: z.enum(['UNSPECIFIED', 'FORWARD', 'IGNORE']).optional(),
});

const httpRoute = object({
  name: text.optional(),
  match: list(match).optional(),
  route: list(routeDestination).optional(),
  redirect: redirect.optional(),
  directResponse: directResponse.optional(),
  delegate: object({ name: nonEmpty, namespace: text.optional() }).optional(),
  rewrite: rewrite.optional(),
  timeout: duration.optional(),
  retries: retries.optional(),
  fault: object({ delay: delay.optional(), abort: abort.optional() }).optional(),
  mirror: destination.optional(),
  mirrors: list(object({ destination, percentage: percent.optional() })).optional(),
  mirrorPercent: uint32.optional(),
  mirrorPercentage: percent.optional(),
  corsPolicy: corsPolicy.optional(),
  headers: headers.optional(),
}).superRefine(checkAction);

const l4Match = object({
  destinationSubnets: list(text).optional(),
  port: port.optional(),
  sourceSubnet: text.optional(),
  sourceLabels: stringMap.optional(),
  gateways: list(text).optional(),
  sourceNamespace: text.optional(),
});
const l4Route = object({ destination, weight: int32.optional() });

export const virtualService = object({
  hosts: list(nonEmpty).optional(),
  gateways: list(nonEmpty).optional(),
  http: list(httpRoute).optional(),
  tls: list(
    object({
      match: list(l4Match.omit({ sourceSubnet: true }).extend({ sniHosts: list(nonEmpty) })),
      route: list(l4Route).optional(),
    }),
  ).optional(),
  tcp: list(
    object({ match: list(l4Match).optional(), route: list(l4Route).optional() }),
  ).optional(),
  exportTo,
});

export type VirtualServiceSpec = z.output<typeof virtualService>;
export type HttpRoute = z.output<typeof httpRoute>;
export type HttpMatch = z.output<typeof match>;
export type HttpRedirect = z.output<typeof redirect>;
export type HttpRouteDestination = z.output<typeof routeDestination>;
export type Destination = z.output<typeof destination>;
export type HeaderChanges = z.output<typeof headers>;
export type HttpRetries = z.output<typeof retries>;
export type HttpFault = NonNullable<HttpRoute['fault']>;

type Action = 'route' | 'redirect' | 'directResponse' | 'delegate';

function checkAction(value: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const actions: readonly Action[] = ['route', 'redirect', 'directResponse', 'delegate'];
  const set = actions.filter((action) => {
    const found = value[action];
    return found !== undefined && !(Array.isArray(found) && found.length === 0);
  });
  const issue = (message: string, path: string[] = []): void =>
    context.addIssue({ code: 'custom', message, path });
  if (set.length === 0) issue('needs one of route, redirect, directResponse or delegate');
  if (set.length > 1) issue(`only one of ${set.join(', ')} can be set`, [set[1] ?? '']);
  if (set[0] !== 'route') return;
  const weights = routeWeights(value['route']);
  if (weights.length > 1 && weights.every((weight) => weight === 0)) {
    issue('the weights of a route must not all be 0', ['route']);
  }
}

/** Runs before the types are settled, so it trusts nothing. */
function routeWeights(routes: unknown): readonly number[] {
  if (!Array.isArray(routes)) return [];
  return routes.map((route: { weight?: unknown }) =>
    typeof route.weight === 'number' ? route.weight : 0,
  );
}
