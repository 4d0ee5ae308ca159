import {
  ATTEMPT_RESPONSE,
  ATTEMPT_START,
  WISH_AVOID_PREVIOUS_HOSTS,
  WISH_DELAY_MS,
  WISH_FLAGS,
  WISH_HOST_ATTEMPTS,
  WISH_KEEP_BODY,
  WISH_PER_TRY_IDLE_TIMEOUT_MS,
  WISH_PER_TRY_TIMEOUT_MS,
  WISH_RETRY,
  WISH_RETRY_LIMIT,
  WISH_SIZE,
} from '@lateen/sdk/abi/extensions';
import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { formatInteger } from '@lateen/sdk/assembly/bytes/integer';
import { hasHeader, setHeader } from '@lateen/sdk/assembly/host/headers';
import { isRetriable } from './outcome';
import { policyOf, RetryPolicy } from './policy';
import { readRequestWishes } from './request-wishes';
import {
  conditionsOf,
  perTryOf,
  policyIdOf,
  retriesLeft,
  setConditions,
  setPerTry,
  setPolicy,
  setRetriesLeft,
  stateOf,
} from './stream-state';

/** The answer to `lateen_on_attempt`; the host reads it as soon as the call returns. */
const WISH: usize = memory.data(20, 8);
const ATTEMPT_COUNT = Bytes.of('x-envoy-attempt-count');
const digits = new Bytes();

/** The route has this policy; 0 takes an earlier one back. */
export function choosePolicy(stream: i32, config: i32): void {
  setPolicy(stateOf(stream), config);
}

/** Address of an AttemptWish, or 0 where there is nothing to wish for. */
export function judgeAttempt(stream: i32, attempt: i32, outcome: i32): usize {
  const state = stateOf(stream);
  const policy = policyOf(policyIdOf(state));
  if (policy === null) return 0;
  if (outcome === ATTEMPT_START) return begin(state, policy);
  if (conditionsOf(state) === 0 || !isRetriable(state, policy, outcome)) return 0;
  const left = retriesLeft(state);
  if (left === 0) return wish(state, policy, WISH_RETRY_LIMIT);
  setRetriesLeft(state, left - 1);
  countAttempt(attempt + 1);
  const avoid = policy.avoidPrevious ? WISH_AVOID_PREVIOUS_HOSTS : 0;
  const address = wish(state, policy, WISH_RETRY | avoid);
  store<u32>(WISH, policy.backOff.delay(attempt, outcome === ATTEMPT_RESPONSE), WISH_DELAY_MS);
  return address;
}

function begin(state: usize, policy: RetryPolicy): usize {
  setConditions(state, policy.conditions);
  setRetriesLeft(state, policy.retries);
  setPerTry(state, policy.perTryMs);
  readRequestWishes(state);
  if (!policy.wantsRequest()) setConditions(state, 0);
  const keeps = conditionsOf(state) !== 0 && retriesLeft(state) > 0;
  return wish(state, policy, keeps ? WISH_KEEP_BODY : 0);
}

function wish(state: usize, policy: RetryPolicy, flags: u32): usize {
  memory.fill(WISH, 0, WISH_SIZE);
  store<u32>(WISH, flags, WISH_FLAGS);
  store<u32>(WISH, perTryOf(state), WISH_PER_TRY_TIMEOUT_MS);
  store<u32>(WISH, policy.perTryIdleMs, WISH_PER_TRY_IDLE_TIMEOUT_MS);
  if ((flags & WISH_AVOID_PREVIOUS_HOSTS) !== 0) {
    store<u32>(WISH, policy.hostAttempts, WISH_HOST_ATTEMPTS);
  }
  return WISH;
}

/** The router counts the first attempt where the virtual host wants it counted. */
function countAttempt(attempt: i32): void {
  if (!hasHeader(REQUEST_HEADERS, ATTEMPT_COUNT)) return;
  setHeader(REQUEST_HEADERS, ATTEMPT_COUNT, formatInteger(attempt, digits));
}
