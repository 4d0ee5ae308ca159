/**
 * The host calls of Proxy-Wasm 0.2.1, as they stand in the import module `env` (asc takes the
 * module's name from this file's). A module imports only those that it really calls. All of them
 * return a status (sdk/abi/status.ts); `out*` parameters are addresses the host writes to.
 */
export declare function proxy_log(level: i32, message: usize, size: i32): i32;
export declare function proxy_get_log_level(outLevel: usize): i32;
export declare function proxy_get_current_time_nanoseconds(outTime: usize): i32;
export declare function proxy_set_tick_period_milliseconds(period: u32): i32;
export declare function proxy_get_buffer_bytes(
  buffer: i32,
  start: i32,
  size: i32,
  outData: usize,
  outSize: usize,
): i32;
export declare function proxy_set_buffer_bytes(
  buffer: i32,
  start: i32,
  size: i32,
  data: usize,
  dataSize: i32,
): i32;
export declare function proxy_get_buffer_status(buffer: i32, outSize: usize, outFlags: usize): i32;
export declare function proxy_get_header_map_pairs(map: i32, outData: usize, outSize: usize): i32;
export declare function proxy_set_header_map_pairs(map: i32, data: usize, size: i32): i32;
export declare function proxy_get_header_map_value(
  map: i32,
  name: usize,
  nameSize: i32,
  outData: usize,
  outSize: usize,
): i32;
export declare function proxy_add_header_map_value(
  map: i32,
  name: usize,
  nameSize: i32,
  value: usize,
  valueSize: i32,
): i32;
export declare function proxy_replace_header_map_value(
  map: i32,
  name: usize,
  nameSize: i32,
  value: usize,
  valueSize: i32,
): i32;
export declare function proxy_remove_header_map_value(map: i32, name: usize, nameSize: i32): i32;
export declare function proxy_get_status(outCode: usize, outMessage: usize, outSize: usize): i32;
export declare function proxy_send_local_response(
  status: i32,
  details: usize,
  detailsSize: i32,
  body: usize,
  bodySize: i32,
  headers: usize,
  headersSize: i32,
  grpcStatus: i32,
): i32;
export declare function proxy_http_call(
  upstream: usize,
  upstreamSize: i32,
  headers: usize,
  headersSize: i32,
  body: usize,
  bodySize: i32,
  trailers: usize,
  trailersSize: i32,
  timeout: u32,
  outCall: usize,
): i32;
export declare function proxy_get_shared_data(
  key: usize,
  keySize: i32,
  outData: usize,
  outSize: usize,
  outCas: usize,
): i32;
export declare function proxy_set_shared_data(
  key: usize,
  keySize: i32,
  value: usize,
  valueSize: i32,
  cas: u32,
): i32;
export declare function proxy_register_shared_queue(
  name: usize,
  nameSize: i32,
  outQueue: usize,
): i32;
export declare function proxy_resolve_shared_queue(
  vmId: usize,
  vmIdSize: i32,
  name: usize,
  nameSize: i32,
  outQueue: usize,
): i32;
export declare function proxy_enqueue_shared_queue(queue: u32, item: usize, itemSize: i32): i32;
export declare function proxy_dequeue_shared_queue(queue: u32, outData: usize, outSize: usize): i32;
export declare function proxy_define_metric(
  type: i32,
  name: usize,
  nameSize: i32,
  outMetric: usize,
): i32;
export declare function proxy_record_metric(metric: i32, value: i64): i32;
export declare function proxy_increment_metric(metric: i32, delta: i64): i32;
export declare function proxy_get_metric(metric: i32, outValue: usize): i32;
export declare function proxy_get_property(
  path: usize,
  pathSize: i32,
  outData: usize,
  outSize: usize,
): i32;
export declare function proxy_set_property(
  path: usize,
  pathSize: i32,
  value: usize,
  valueSize: i32,
): i32;
export declare function proxy_call_foreign_function(
  name: usize,
  nameSize: i32,
  data: usize,
  size: i32,
  outData: usize,
  outSize: usize,
): i32;
export declare function proxy_set_effective_context(context: i32): i32;
export declare function proxy_done(): i32;
export declare function proxy_continue_stream(stream: i32): i32;
export declare function proxy_close_stream(stream: i32): i32;
