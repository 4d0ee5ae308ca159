import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { Field, FieldSet } from '@lateen/sdk/assembly/host/fields';
import { removeHeader } from '@lateen/sdk/assembly/host/headers';
import { ON_GRPC, ON_STATUS_CODES, parseConditions } from './conditions';
import { addCode, conditionsOf, setConditions, setPerTry, setRetriesLeft } from './stream-state';

const fields = new FieldSet();
const RETRY_ON = fields.header(REQUEST_HEADERS, 'x-envoy-retry-on');
const RETRY_GRPC_ON = fields.header(REQUEST_HEADERS, 'x-envoy-retry-grpc-on');
const MAX_RETRIES = fields.header(REQUEST_HEADERS, 'x-envoy-max-retries');
const STATUS_CODES = fields.header(REQUEST_HEADERS, 'x-envoy-retriable-status-codes');
const PER_TRY_TIMEOUT = fields.header(REQUEST_HEADERS, 'x-envoy-upstream-rq-per-try-timeout-ms');
const COMMA: u8 = 0x2c;
const value = new Bytes();
const code = new Bytes();

/**
 * What the request's own x-envoy-* headers add to the policy. They are taken off: they are meant
 * for this proxy, and the next one would multiply the attempts.
 */
export function readRequestWishes(state: usize): void {
  if (take(RETRY_ON)) {
    setConditions(state, conditionsOf(state) | (parseConditions(value) & ~ON_GRPC));
  }
  if (take(RETRY_GRPC_ON)) {
    setConditions(state, conditionsOf(state) | (parseConditions(value) & ON_GRPC));
  }
  if (take(MAX_RETRIES) && parseInteger(value) && parsedInteger >= 0) {
    setRetriesLeft(state, <u32>min(parsedInteger, i32.MAX_VALUE));
  }
  if (take(STATUS_CODES)) readCodes(state);
  if (take(PER_TRY_TIMEOUT) && parseInteger(value) && parsedInteger >= 0) {
    setPerTry(state, <u32>min(parsedInteger, i32.MAX_VALUE));
  }
}

/** Points `value` to a copy of the header's value and removes the header. */
function take(header: Field): bool {
  if (!header.read()) return false;
  value.take(header.value);
  return removeHeader(REQUEST_HEADERS, header.name);
}

function readCodes(state: usize): void {
  let start = 0;
  while (start < value.size) {
    const comma = value.indexOf(COMMA, start);
    const end = comma < 0 ? value.size : comma;
    code.point(value.pointer + start, end - start).trim();
    if (parseInteger(code) && parsedInteger >= 100 && parsedInteger <= 599) {
      addCode(state, <i32>parsedInteger);
      setConditions(state, conditionsOf(state) | ON_STATUS_CODES);
    }
    start = end + 1;
  }
}
