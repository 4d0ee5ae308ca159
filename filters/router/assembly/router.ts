import { CONTINUE, PAUSE } from '@lateen/sdk/abi/action';
import { RESPONSE_FLAG_NO_ROUTE } from '@lateen/sdk/abi/extensions';
import { REQUEST_HEADERS, RESPONSE_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { formatInteger } from '@lateen/sdk/assembly/bytes/integer';
import { removeHeader, setHeader } from '@lateen/sdk/assembly/host/headers';
import { setResponseFlags } from '@lateen/sdk/assembly/host/lateen';
import { replyWith, replyWithHeader } from '@lateen/sdk/assembly/host/local-reply';
import { Property } from '@lateen/sdk/assembly/host/property';
import { WeightedCluster } from './cluster-choice';
import { tableOf } from './configurations';
import { HeaderEdits } from './header-edits';
import { httpsLocation, isHttps } from './redirect';
import { request, UPSTREAM_TIMEOUT } from './request';
import { Forward, Route } from './route';
import { RouteTable } from './route-table';
import { settingsOf } from './settings';
import {
  clientLimitsOf,
  clusterOf,
  rootOf,
  routeOf,
  stateOf,
  tableIdOf,
  timeoutOf,
  virtualHostOf,
} from './stream-state';
import { VirtualHost } from './virtual-host';

const NOT_FOUND = 404;
const MOVED_PERMANENTLY = 301;
const NANOS_PER_MS = 1000000;
const NOTHING = Bytes.of('');
const ROUTE_NOT_FOUND = Bytes.of('route_not_found');
const DIRECT_RESPONSE = Bytes.of('direct_response');
const LOCATION = Bytes.of('location');
const PATH = Bytes.of(':path');
const ORIGINAL_PATH = Bytes.of('x-envoy-original-path');
const EXPECTED_TIMEOUT = Bytes.of('x-envoy-expected-rq-timeout-ms');
const ATTEMPT_COUNT = Bytes.of('x-envoy-attempt-count');
const SERVICE_TIME = Bytes.of('x-envoy-upstream-service-time');
const ONE = Bytes.of('1');
const BACKEND_LATENCY = Property.of('response.backend_latency');
const text = new Bytes();

/** Carries out what `selectRoute` chose; the router is the last request filter. */
export function routeRequest(stream: i32): i32 {
  const state = stateOf(stream);
  const table = tableOf(tableIdOf(state));
  if (table === null) {
    setResponseFlags(RESPONSE_FLAG_NO_ROUTE);
    replyWith(NOT_FOUND, ROUTE_NOT_FOUND, NOTHING);
    return PAUSE;
  }
  const host = unchecked(table.virtualHosts[virtualHostOf(state)]);
  const route = unchecked(host.routes[routeOf(state)]);
  if (answersItself(host, route)) return PAUSE;
  const forward = route.forward;
  if (forward === null) return CONTINUE;
  const suppressed = settingsOf(rootOf(state)).suppressHeaders;
  setTimeoutHeaders(state, suppressed);
  const cluster = chosenCluster(forward, clusterOf(state));
  editRequest(table, host, route, cluster);
  rewriteRequest(forward, cluster, suppressed);
  if (host.attemptCount) setHeader(REQUEST_HEADERS, ATTEMPT_COUNT, ONE);
  return CONTINUE;
}

/** Edits a response, be it the upstream's or the proxy's own, as the selected route says. */
export function routeResponse(stream: i32): void {
  const state = stateOf(stream);
  const table = tableOf(tableIdOf(state));
  if (table === null) return;
  const host = unchecked(table.virtualHosts[virtualHostOf(state)]);
  const route = unchecked(host.routes[routeOf(state)]);
  const forward = route.forward;
  if (forward !== null && !settingsOf(rootOf(state)).suppressHeaders && BACKEND_LATENCY.read()) {
    const value = load<i64>(BACKEND_LATENCY.value.pointer) / NANOS_PER_MS;
    setHeader(RESPONSE_HEADERS, SERVICE_TIME, formatInteger(value, text));
  }
  let own: HeaderEdits | null = null;
  if (forward !== null) {
    const cluster = chosenCluster(forward, clusterOf(state));
    if (cluster !== null) own = cluster.responseEdits;
  }
  if (table.specificLast) {
    edit(RESPONSE_HEADERS, table.responseEdits);
    edit(RESPONSE_HEADERS, host.responseEdits);
    edit(RESPONSE_HEADERS, route.responseEdits);
    edit(RESPONSE_HEADERS, own);
    return;
  }
  edit(RESPONSE_HEADERS, own);
  edit(RESPONSE_HEADERS, route.responseEdits);
  edit(RESPONSE_HEADERS, host.responseEdits);
  edit(RESPONSE_HEADERS, table.responseEdits);
}

/** Redirects and direct responses; true where the request was answered here. */
function answersItself(host: VirtualHost, route: Route): bool {
  if (route.forward !== null && !host.requireTls) return false;
  request.read();
  if (host.requireTls && !isHttps()) {
    httpsLocation(text);
    replyWithHeader(MOVED_PERMANENTLY, DIRECT_RESPONSE, LOCATION, text);
    return true;
  }
  const redirect = route.redirect;
  if (redirect !== null) {
    redirect.location(text);
    replyWithHeader(redirect.status, DIRECT_RESPONSE, LOCATION, text);
    return true;
  }
  const direct = route.direct;
  if (direct === null) return false;
  replyWith(direct.status, DIRECT_RESPONSE, direct.body);
  return true;
}

function chosenCluster(forward: Forward, index: i32): WeightedCluster | null {
  return index < 0 ? null : unchecked(forward.clusters.weighted[index]);
}

/** Tells the upstream how long there is, and takes off what was meant for this proxy. */
function setTimeoutHeaders(state: usize, suppressed: bool): void {
  if (clientLimitsOf(state)) removeHeader(REQUEST_HEADERS, UPSTREAM_TIMEOUT.name);
  const timeout = timeoutOf(state);
  if (timeout === 0 || suppressed) return;
  setHeader(REQUEST_HEADERS, EXPECTED_TIMEOUT, formatInteger(timeout, text));
}

/** Host, then path. Header edits come before and see both as the client sent them. */
function rewriteRequest(forward: Forward, cluster: WeightedCluster | null, suppressed: bool): void {
  const literal: Bytes | null = cluster === null ? null : cluster.hostRewrite;
  const rewrite = forward.path;
  if (literal === null && rewrite === null && !forward.host.active) return;
  request.read();
  forward.host.apply(literal, !suppressed);
  if (rewrite === null || !rewrite.apply(text) || text.equals(request.target)) return;
  if (!suppressed) setHeader(REQUEST_HEADERS, ORIGINAL_PATH, request.target);
  setHeader(REQUEST_HEADERS, PATH, text);
}

function editRequest(
  table: RouteTable,
  host: VirtualHost,
  route: Route,
  cluster: WeightedCluster | null,
): void {
  const own: HeaderEdits | null = cluster === null ? null : cluster.requestEdits;
  if (table.specificLast) {
    edit(REQUEST_HEADERS, table.requestEdits);
    edit(REQUEST_HEADERS, host.requestEdits);
    edit(REQUEST_HEADERS, route.requestEdits);
    edit(REQUEST_HEADERS, own);
    return;
  }
  edit(REQUEST_HEADERS, own);
  edit(REQUEST_HEADERS, route.requestEdits);
  edit(REQUEST_HEADERS, host.requestEdits);
  edit(REQUEST_HEADERS, table.requestEdits);
}

function edit(map: i32, edits: HeaderEdits | null): void {
  if (edits !== null) edits.apply(map);
}
