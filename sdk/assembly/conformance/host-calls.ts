import * as buffers from '@lateen/sdk/abi/buffers';
import * as maps from '@lateen/sdk/abi/maps';
import * as status from '@lateen/sdk/abi/status';
import * as env from '@lateen/sdk/assembly/env';

const A: usize = memory.data(8);
const B: usize = memory.data(8);
const C: usize = memory.data(8);

/** `pass`, or which expectation was not met. */
export function runHostCall(name: string): string {
  if (name === 'proxy_log') return expect('status', env.proxy_log(2, at('x'), 1), status.OK);
  if (name === 'proxy_get_current_time_nanoseconds') return clock();
  if (name === 'proxy_get_header_map_value') return headerValue();
  if (name === 'proxy_replace_header_map_value') return headerEdits();
  if (name === 'proxy_get_header_map_pairs') return headerPairs();
  if (name === 'proxy_get_property') return property();
  if (name === 'proxy_set_shared_data') return sharedData();
  if (name === 'proxy_enqueue_shared_queue') return sharedQueue();
  if (name === 'proxy_define_metric') return metric();
  if (name === 'proxy_get_buffer_bytes') return bufferBytes();
  if (name === 'proxy_call_foreign_function') return foreign();
  if (name === 'proxy_http_call') return callout();
  return 'the driver has no case of this name';
}

function at(text: string): usize {
  return changetype<usize>(String.UTF8.encode(text));
}

function expect(what: string, found: i64, wanted: i64): string {
  if (found === wanted) return 'pass';
  return `${what} is ${found.toString()}, expected ${wanted.toString()}`;
}

/** The first that is not met. */
function first(a: string, b: string, c: string = 'pass', d: string = 'pass'): string {
  if (a !== 'pass') return a;
  if (b !== 'pass') return b;
  return c !== 'pass' ? c : d;
}

function clock(): string {
  const got = env.proxy_get_current_time_nanoseconds(A);
  const later = load<u64>(A) > 1_500_000_000_000_000_000;
  return first(expect('status', got, status.OK), expect('after the year 2017', i32(later), 1));
}

function headerValue(): string {
  const found = env.proxy_get_header_map_value(maps.REQUEST_HEADERS, at(':method'), 7, A, B);
  const absent = env.proxy_get_header_map_value(maps.REQUEST_HEADERS, at('x-none'), 6, C, B);
  return first(expect(':method', found, status.OK), expect('absent', absent, status.NOT_FOUND));
}

function headerEdits(): string {
  const map = maps.REQUEST_HEADERS;
  const set = env.proxy_replace_header_map_value(map, at('x-new'), 5, at('one'), 3);
  env.proxy_get_header_map_value(map, at('x-new'), 5, A, B);
  const size = load<i32>(B);
  const gone = env.proxy_remove_header_map_value(map, at('x-new'), 5);
  const after = env.proxy_get_header_map_value(map, at('x-new'), 5, A, B);
  return first(
    expect('replace', set, status.OK),
    expect('size of the value', size, 3),
    expect('remove', gone, status.OK),
    expect('after it', after, status.NOT_FOUND),
  );
}

function headerPairs(): string {
  const got = env.proxy_get_header_map_pairs(maps.REQUEST_HEADERS, A, B);
  const many = load<u32>(load<usize>(A)) >= 4;
  return first(expect('status', got, status.OK), expect('at least 4 pairs', i32(many), 1));
}

function property(): string {
  const path = at('request\0method');
  const found = env.proxy_get_property(path, 14, A, B);
  const none = env.proxy_get_property(at('no_such'), 7, A, C);
  return first(
    expect('request.method', found, status.OK),
    expect('its size', load<i32>(B), 3),
    expect('unknown', none, status.NOT_FOUND),
  );
}

function sharedData(): string {
  const key = at('conformance');
  const set = env.proxy_set_shared_data(key, 11, at('one'), 3, 0);
  const got = env.proxy_get_shared_data(key, 11, A, B, C);
  const cas = load<u32>(C);
  const right = env.proxy_set_shared_data(key, 11, at('two'), 3, cas);
  const stale = env.proxy_set_shared_data(key, 11, at('three'), 5, cas);
  return first(
    expect('set', set, status.OK),
    expect('get', got, status.OK),
    expect('set with the right CAS', right, status.OK),
    expect('set with a stale CAS', stale, status.CAS_MISMATCH),
  );
}

function sharedQueue(): string {
  const made = env.proxy_register_shared_queue(at('conformance'), 11, A);
  const queue = load<u32>(A);
  while (env.proxy_dequeue_shared_queue(queue, B, C) === status.OK) {}
  const put = env.proxy_enqueue_shared_queue(queue, at('item'), 4);
  const got = env.proxy_dequeue_shared_queue(queue, B, C);
  const empty = env.proxy_dequeue_shared_queue(queue, B, C);
  return first(
    expect('register', made, status.OK),
    expect('enqueue', put, status.OK),
    expect('dequeue', got, status.OK),
    expect('dequeue of nothing', empty, status.EMPTY),
  );
}

function metric(): string {
  const made = env.proxy_define_metric(buffers.METRIC_GAUGE, at('conformance_gauge'), 17, A);
  const id = load<i32>(A);
  env.proxy_record_metric(id, 7);
  const got = env.proxy_get_metric(id, B);
  return first(
    expect('define', made, status.OK),
    expect('get', got, status.OK),
    expect('its value', load<i64>(B), 7),
  );
}

function bufferBytes(): string {
  const got = env.proxy_get_buffer_bytes(buffers.HTTP_REQUEST_BODY, 0, 10, A, B);
  return expect('body in request headers', i32(got === status.NOT_FOUND || got === status.OK), 1);
}

function foreign(): string {
  const got = env.proxy_call_foreign_function(at('no_such'), 7, 0, 0, A, B);
  return expect('unknown function', got, status.NOT_FOUND);
}

function callout(): string {
  const got = env.proxy_http_call(at('no-such'), 7, at('\0\0\0\0'), 4, 0, 0, 0, 0, 100, A);
  return expect('call without headers', i32(got !== status.OK), 1);
}
