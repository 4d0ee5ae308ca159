import {
  ATTEMPT_CONNECT_FAILURE,
  ATTEMPT_OVERFLOW,
  ATTEMPT_REFUSED_STREAM,
  ATTEMPT_RESET_BEFORE_REQUEST,
  ATTEMPT_RESPONSE,
} from '@lateen/sdk/abi/extensions';
import { RESPONSE_HEADERS } from '@lateen/sdk/abi/maps';
import { parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { FieldSet } from '@lateen/sdk/assembly/host/fields';
import * as on from './conditions';
import { RetryPolicy } from './policy';
import { conditionsOf, hasCode } from './stream-state';

const fields = new FieldSet();
const STATUS = fields.header(RESPONSE_HEADERS, ':status');
const GRPC_STATUS = fields.header(RESPONSE_HEADERS, 'grpc-status');
const RATE_LIMITED = fields.header(RESPONSE_HEADERS, 'x-envoy-ratelimited');

/** Whether the outcome of an attempt is one that the request is tried again for. */
export function isRetriable(state: usize, policy: RetryPolicy, outcome: i32): bool {
  const conditions = conditionsOf(state);
  if (outcome === ATTEMPT_OVERFLOW) return false;
  return outcome === ATTEMPT_RESPONSE
    ? isRetriableResponse(state, policy, conditions)
    : (conditions & conditionsOfFailure(outcome)) !== 0;
}

/** A failure without a response counts as a 5xx, because that is what it would become. */
function conditionsOfFailure(outcome: i32): u32 {
  const any = on.ON_5XX | on.ON_GATEWAY_ERROR | on.ON_RESET;
  if (outcome === ATTEMPT_CONNECT_FAILURE) {
    return any | on.ON_CONNECT_FAILURE | on.ON_RESET_BEFORE_REQUEST;
  }
  if (outcome === ATTEMPT_RESET_BEFORE_REQUEST) return any | on.ON_RESET_BEFORE_REQUEST;
  return outcome === ATTEMPT_REFUSED_STREAM ? any | on.ON_REFUSED_STREAM : any;
}

function isRetriableResponse(state: usize, policy: RetryPolicy, conditions: u32): bool {
  // A rate limit of another proxy is tried again only by those who ask for just that.
  if (RATE_LIMITED.read()) return (conditions & on.ON_ENVOY_RATELIMITED) !== 0;
  if (!STATUS.read() || !parseInteger(STATUS.value)) return false;
  const status = <i32>parsedInteger;
  if ((conditions & conditionsOfStatus(status)) !== 0) return true;
  if ((conditions & on.ON_STATUS_CODES) !== 0) {
    if (policy.hasStatusCode(status) || hasCode(state, status)) return true;
  }
  if ((conditions & on.ON_HEADERS) !== 0 && policy.wantsResponseHeaders()) return true;
  if ((conditions & on.ON_GRPC) === 0) return false;
  if (!GRPC_STATUS.read() || !parseInteger(GRPC_STATUS.value)) return false;
  return (conditions & conditionOfGrpc(<i32>parsedInteger)) !== 0;
}

function conditionsOfStatus(status: i32): u32 {
  if (status === 409) return on.ON_RETRIABLE_4XX;
  if (status < 500 || status > 599) return 0;
  return status >= 502 && status <= 504 ? on.ON_5XX | on.ON_GATEWAY_ERROR : on.ON_5XX;
}

function conditionOfGrpc(status: i32): u32 {
  if (status === 1) return on.ON_CANCELLED;
  if (status === 4) return on.ON_DEADLINE_EXCEEDED;
  if (status === 8) return on.ON_RESOURCE_EXHAUSTED;
  if (status === 13) return on.ON_INTERNAL;
  return status === 14 ? on.ON_UNAVAILABLE : 0;
}
