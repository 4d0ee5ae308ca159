import { REQUEST_HEADERS, RESPONSE_HEADERS, RESPONSE_TRAILERS } from '@lateen/sdk/abi/maps';
import { Property } from '@lateen/sdk/assembly/host/property';
import { ConstantOperator } from './constant-operator';
import { DetailsOperator } from './details-operator';
import { GrpcStatusOperator } from './grpc-status-operator';
import { HeaderOperator } from './header-operator';
import { HostOperator } from './host-operator';
import { NumberOperator } from './number-operator';
import { Operator } from './operator';
import { pathOperator } from './path-operator';
import { PropertyOperator } from './property-operator';
import { QueryOperator } from './query-operator';
import { TimeOperator } from './time-operator';

/**
 * The operator of that name (Envoy's substitution formatter); null where there is none here, or
 * its parameters mean nothing.
 */
export function makeOperator(name: string, parameters: string): Operator | null {
  if (parameters.length > 0) return withParameters(name, parameters);
  if (name === 'START_TIME') return TimeOperator.of('', true);
  if (name === 'EMIT_TIME') return TimeOperator.of('', false);
  if (name === 'HOSTNAME') return hostname();
  if (name === 'ACCESS_LOG_TYPE') return new ConstantOperator('DownstreamEnd');
  if (name === 'PATH') return pathOperator('');
  if (name === 'GRPC_STATUS') return GrpcStatusOperator.of('');
  const number = numberNamed(name);
  if (number !== null) return number;
  const address = addressNamed(name);
  return address !== null ? address : textNamed(name);
}

function withParameters(name: string, parameters: string): Operator | null {
  if (name === 'REQ') return HeaderOperator.of(REQUEST_HEADERS, parameters);
  if (name === 'RESP') return HeaderOperator.of(RESPONSE_HEADERS, parameters);
  if (name === 'TRAILER') return HeaderOperator.of(RESPONSE_TRAILERS, parameters);
  if (name === 'REQ_WITHOUT_QUERY') return HeaderOperator.of(REQUEST_HEADERS, parameters, true);
  if (name === 'START_TIME') return TimeOperator.of(parameters, true);
  if (name === 'EMIT_TIME') return TimeOperator.of(parameters, false);
  if (name === 'QUERY_PARAM') return new QueryOperator(parameters);
  if (name === 'PATH') return pathOperator(parameters);
  if (name === 'FILTER_STATE') return filterState(parameters);
  if (name === 'RESPONSE_CODE_DETAILS' && parameters === 'ALLOW_WHITESPACES') {
    return PropertyOperator.of('response.code_details');
  }
  if (name !== 'GRPC_STATUS') return null;
  if (parameters === 'NUMBER') return new NumberOperator('response.grpc_status');
  return GrpcStatusOperator.of(parameters);
}

function numberNamed(name: string): Operator | null {
  if (name === 'RESPONSE_CODE') return new NumberOperator('response.code', 1, true);
  if (name === 'BYTES_RECEIVED') return new NumberOperator('request.size');
  if (name === 'BYTES_SENT') return new NumberOperator('response.size');
  if (name === 'REQUEST_HEADERS_BYTES') return new NumberOperator('request.headers_bytes');
  if (name === 'RESPONSE_HEADERS_BYTES') return new NumberOperator('response.headers_bytes');
  if (name === 'DURATION') return NumberOperator.milliseconds('request.duration');
  if (name === 'REQUEST_DURATION') return NumberOperator.milliseconds('request.receive_duration');
  if (name === 'REQUEST_TX_DURATION') return NumberOperator.milliseconds('request.send_duration');
  if (name === 'RESPONSE_DURATION') return NumberOperator.milliseconds('response.wait_duration');
  if (name === 'RESPONSE_TX_DURATION') {
    return NumberOperator.milliseconds('response.send_duration');
  }
  if (name === 'UPSTREAM_REQUEST_ATTEMPT_COUNT') {
    return new NumberOperator('upstream.request_attempt_count');
  }
  if (name === 'CONNECTION_ID') return new NumberOperator('connection.id');
  if (name === 'GRPC_STATUS_NUMBER') return new NumberOperator('response.grpc_status');
  if (name === 'DOWNSTREAM_REMOTE_PORT') return new NumberOperator('source.port');
  if (name === 'DOWNSTREAM_DIRECT_REMOTE_PORT') return new NumberOperator('source.port');
  if (name === 'DOWNSTREAM_LOCAL_PORT') return new NumberOperator('destination.port');
  return name === 'UPSTREAM_REMOTE_PORT' ? new NumberOperator('upstream.port') : null;
}

/** Names that take `_WITHOUT_PORT` too. */
function addressNamed(name: string): Operator | null {
  const bare = name.endsWith(WITHOUT_PORT);
  const base = bare ? name.substring(0, name.length - WITHOUT_PORT.length) : name;
  let path = '';
  if (base === 'DOWNSTREAM_REMOTE_ADDRESS') path = 'source.trusted_address';
  else if (base === 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS') path = 'source.address';
  else if (base === 'DOWNSTREAM_LOCAL_ADDRESS') path = 'destination.address';
  else if (base === 'UPSTREAM_HOST' && !bare) path = 'upstream.address';
  else if (base === 'UPSTREAM_REMOTE_ADDRESS') path = 'upstream.address';
  else if (base === 'UPSTREAM_LOCAL_ADDRESS') path = 'upstream.local_address';
  else return null;
  return bare ? new HostOperator(path) : PropertyOperator.of(path);
}

const WITHOUT_PORT = '_WITHOUT_PORT';

function textNamed(name: string): Operator | null {
  if (name === 'PROTOCOL') return PropertyOperator.of('request.protocol');
  if (name === 'RESPONSE_FLAGS') return PropertyOperator.of('response.flags_text');
  if (name === 'RESPONSE_CODE_DETAILS') return new DetailsOperator('response.code_details');
  if (name === 'CONNECTION_TERMINATION_DETAILS') {
    return new DetailsOperator('connection.termination_details');
  }
  if (name === 'UPSTREAM_TRANSPORT_FAILURE_REASON') {
    return new DetailsOperator('upstream.transport_failure_reason');
  }
  if (name === 'UPSTREAM_CLUSTER') return PropertyOperator.of('xds.cluster_name');
  if (name === 'UPSTREAM_CLUSTER_RAW') return PropertyOperator.of('xds.cluster_name');
  if (name === 'UPSTREAM_HOST_NAME') return PropertyOperator.of('upstream.hostname');
  if (name === 'UPSTREAM_TLS_VERSION') return PropertyOperator.of('upstream.tls_version');
  if (name === 'ROUTE_NAME') return PropertyOperator.of('xds.route_name');
  if (name === 'FILTER_CHAIN_NAME') return PropertyOperator.of('xds.filter_chain_name');
  if (name === 'REQUESTED_SERVER_NAME') {
    return PropertyOperator.of('connection.requested_server_name');
  }
  if (name === 'DOWNSTREAM_TLS_VERSION') return PropertyOperator.of('connection.tls_version');
  if (name === 'DOWNSTREAM_PEER_URI_SAN') {
    return PropertyOperator.of('connection.uri_san_peer_certificate');
  }
  if (name === 'DOWNSTREAM_LOCAL_URI_SAN') {
    return PropertyOperator.of('connection.uri_san_local_certificate');
  }
  return null;
}

/** `FILTER_STATE(key)` or `(key:PLAIN)`: what a module wrote, as it stands. */
function filterState(parameters: string): Operator | null {
  const parts = parameters.split(':');
  if (parts.length > 2 || parts[0].length === 0) return null;
  if (parts.length === 2 && parts[1] !== 'PLAIN' && parts[1] !== 'TYPED') return null;
  return new PropertyOperator(['filter_state', parts[0]]);
}

function hostname(): Operator {
  const text = Property.of('hostname').text();
  return new ConstantOperator(text === null ? '' : text);
}
