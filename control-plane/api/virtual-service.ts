import { suggest } from '@lateen/sdk/base/suggest';
import * as z from 'zod';
import { headerName, headerValue, headText, host, regex } from './checks.ts';
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

const subsetName = z
  .string()
  .regex(/^[a-zA-Z0-9]?[-a-zA-Z0-9._]*$/, 'must be letters, digits, "-", "." and "_"');

const destination = object({
  host,
  subset: subsetName.optional(),
  port: portSelector.optional(),
});

const headerOperations = object({
  set: z.record(headerName, headerValue).optional(),
  add: z.record(headerName, headerValue).optional(),
  remove: list(headerName).optional(),
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
  uri: headText.optional(),
  prefixRewrite: headText.optional(),
  authority: headText.optional(),
  port: port.optional(),
  derivePort: z.enum(['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT']).optional(),
  scheme: z.enum(['', 'http', 'https']).optional(),
  redirectCode: z.literal([301, 302, 303, 307, 308]).optional(),
})
  .superRefine(atMostOne('port', 'derivePort'))
  .superRefine(atMostOne('uri', 'prefixRewrite'));

/** Istio's limit; a larger page belongs in a service. */
const BODY_MAX = 1024 * 1024;
const body = z.string().max(BODY_MAX);

const directResponse = object({
  status: z.int().min(200).max(599),
  body: object({ string: body.optional(), bytes: z.base64().max(BODY_MAX).optional() })
    .superRefine(atMostOne('string', 'bytes'))
    .optional(),
});

const rewrite = object({
  uri: headText.optional(),
  authority: headText.optional(),
  uriRegexRewrite: object({ match: regex, rewrite: headText.optional() }).optional(),
}).superRefine(atMostOne('uri', 'uriRegexRewrite'));

const RETRY_CONDITIONS = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

/** Names of Envoy's retry conditions and status codes, with commas between them. */
export const retryOn = z.string().superRefine((value, context) => {
  for (const item of value.split(',').map((part) => part.trim())) {
    if (item === '' || RETRY_CONDITIONS.includes(item) || /^[1-5]\d\d$/.test(item)) continue;
    const near = suggest(item, RETRY_CONDITIONS);
    const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(item)} is no retry condition${hint}`,
      params: { fix: `one of ${RETRY_CONDITIONS.join(', ')}, or a status code` },
    });
  }
});

const retries = object({
  attempts: count.optional(),
  perTryTimeout: positiveDuration.optional(),
  retryOn: retryOn.optional(),
  retryRemoteLocalities: bool.optional(),
  retryIgnorePreviousHosts: bool.optional(),
  backoff: positiveDuration.optional(),
});

const delay = object({
  percent: z.int().min(0).max(100).optional(),
  percentage: percent.optional(),
  fixedDelay: positiveDuration.optional(),
  exponentialDelay: positiveDuration.optional(),
})
  .superRefine(atMostOne('fixedDelay', 'exponentialDelay'))
  .refine(
    (value) => (value.fixedDelay ?? value.exponentialDelay) !== undefined,
    'needs fixedDelay, for example 5s',
  );

/** gRPC's status names in the order of their numbers. */
export const GRPC_STATUSES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

const abort = object({
  percentage: percent.optional(),
  httpStatus: z.int().min(200).max(599).optional(),
  grpcStatus: z.enum(GRPC_STATUSES).optional(),
  http2Error: text.optional(),
})
  .superRefine(atMostOne('httpStatus', 'grpcStatus', 'http2Error'))
  .refine(
    (value) => (value.httpStatus ?? value.grpcStatus ?? value.http2Error) !== undefined,
    'needs httpStatus or grpcStatus',
  );

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
  hosts: list(host).min(1, 'must name at least one host'),
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
}).superRefine((spec, context) => {
  const gateways = spec.gateways ?? [];
  const index = spec.hosts.indexOf('*');
  if (index < 0 || (gateways.length > 0 && !gateways.includes('mesh'))) return;
  context.addIssue({
    code: 'custom',
    message: '"*" cannot be a host for sidecars: it would take every request in the mesh',
    path: ['hosts', index],
    params: { fix: 'name the gateways it is for, or a host' },
  });
});

export type VirtualServiceSpec = z.output<typeof virtualService>;
export type HttpRoute = z.output<typeof httpRoute>;
export type HttpMatch = z.output<typeof match>;
export type HttpRedirect = z.output<typeof redirect>;
export type Destination = z.output<typeof destination>;
export type HeaderChanges = z.output<typeof headers>;
export type HttpRetries = z.output<typeof retries>;
export type HttpFault = NonNullable<HttpRoute['fault']>;

/** Envoy keeps the sum in 32 bits. */
const WEIGHTS_MAX = 2 ** 32 - 1;

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
  if (weights.reduce((sum, weight) => sum + weight, 0) > WEIGHTS_MAX) {
    issue(`the weights of a route must not add up to more than ${WEIGHTS_MAX}`, ['route']);
  }
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
