import { headerOf, type SeenMessage } from '@lateen/host/testing/memory-message';
import type { UpstreamAnswer } from '@lateen/host/testing/memory-upstream';
import { TestHost, type TestRequest } from '@lateen/host/testing/test-host';
import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { bundledModules } from '../../bundled-modules.ts';

const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

export interface RouterPlan {
  /** Routes of one virtual host for all domains. */
  readonly routes?: readonly Json[];
  /** Further fields of that virtual host. */
  readonly virtualHost?: JsonObject;
  /** Virtual hosts, where one for all does not do. */
  readonly virtualHosts?: readonly Json[];
  /** Further fields of the RouteConfiguration. */
  readonly table?: JsonObject;
  /** Further fields of the Router message. */
  readonly settings?: JsonObject;
  readonly answer?: UpstreamAnswer;
  readonly random?: () => number;
}

/** What became of a request: the cluster that got it and what was sent there, or the answer. */
export interface Routed {
  /** Undefined where the request was answered without an upstream. */
  readonly cluster: string | undefined;
  /** Values of a header of the request as the upstream saw it. */
  sent(name: string): string[];
  /** First value of a header of the answer. */
  answered(name: string): string | undefined;
  readonly status: string | undefined;
  readonly body: string;
  readonly bytes: Buffer;
  /** Envoy's response code details. */
  readonly details: string;
  /** Bits of RESPONSE_FLAG_*. */
  readonly flags: number;
  readonly host: TestHost;
}

/** The router alone on the real host code. Throws where it refuses its configuration. */
export async function openRouter(plan: RouterPlan): Promise<(request: TestRequest) => Routed> {
  const host = await TestHost.open({
    modules: bundledModules('router'),
    filters: [
      { name: 'router', module: 'router', configuration: { '@type': ROUTER, ...plan.settings } },
    ],
    random: plan.random ?? (() => 0),
    upstream: { answer: () => plan.answer ?? { status: 200 } },
    routes: {
      name: 'test',
      virtualHosts: plan.virtualHosts ?? [
        { name: 'all', domains: ['*'], routes: plan.routes ?? [], ...plan.virtualHost },
      ],
      ...plan.table,
    },
  });
  return (request) => play(host, request);
}

/** A route to a cluster that is named as the test likes. */
export function to(cluster: string, match: JsonObject, more: JsonObject = {}): JsonObject {
  return { match, route: { cluster }, ...more };
}

function play(host: TestHost, request: TestRequest): Routed {
  const before = host.upstream.attempts.length;
  const { response, stream } = host.request(request);
  const attempt = host.upstream.attempts[before];
  return {
    cluster: attempt?.cluster,
    sent: (name) => valuesOf(attempt?.request, name),
    answered: (name) => headerOf(response, name),
    status: headerOf(response, ':status'),
    body: response.body.toString(),
    bytes: response.body,
    details: stream.info.details,
    flags: stream.info.flags,
    host,
  };
}

function valuesOf(message: SeenMessage | undefined, name: string): string[] {
  const pairs = message?.headers ?? [];
  return pairs.filter(([known]) => known === name).map(([, value]) => value);
}
