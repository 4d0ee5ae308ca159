import { RecordTable } from '@lateen/sdk/assembly/bytes/record-table';

/** What is known of one stream between callbacks, in plain memory. */
const POLICY = 0;
/** Conditions of policy and request headers together. */
const CONDITIONS = 4;
const RETRIES_LEFT = 8;
const PER_TRY = 12;
/** Status codes of the request's own list: a count, then 16 bits each. */
const CODE_COUNT = 16;
const CODES: usize = 20;
const CODES_MAX = 8;
const states = new RecordTable(36);

export function stateOf(stream: i32): usize {
  return states.open(stream);
}

export function closeState(stream: i32): void {
  states.close(stream);
}

/** The stream begins anew with this policy. */
export function setPolicy(state: usize, config: i32): void {
  store<i32>(state, config, POLICY);
  store<u32>(state, 0, CONDITIONS);
  store<i32>(state, 0, CODE_COUNT);
}

export function policyIdOf(state: usize): i32 {
  return load<i32>(state, POLICY);
}

export function conditionsOf(state: usize): u32 {
  return load<u32>(state, CONDITIONS);
}

export function setConditions(state: usize, bits: u32): void {
  store<u32>(state, bits, CONDITIONS);
}

export function retriesLeft(state: usize): u32 {
  return load<u32>(state, RETRIES_LEFT);
}

export function setRetriesLeft(state: usize, retries: u32): void {
  store<u32>(state, retries, RETRIES_LEFT);
}

export function perTryOf(state: usize): u32 {
  return load<u32>(state, PER_TRY);
}

export function setPerTry(state: usize, milliseconds: u32): void {
  store<u32>(state, milliseconds, PER_TRY);
}

/** Adds a status code that the request itself lists; beyond eight they are not heard. */
export function addCode(state: usize, code: i32): void {
  const count = load<i32>(state, CODE_COUNT);
  if (count === CODES_MAX) return;
  store<u16>(state + CODES + count * 2, <u16>code);
  store<i32>(state, count + 1, CODE_COUNT);
}

export function hasCode(state: usize, code: i32): bool {
  const count = load<i32>(state, CODE_COUNT);
  for (let i = 0; i < count; i++) {
    if (load<u16>(state + CODES + i * 2) === <u16>code) return true;
  }
  return false;
}
