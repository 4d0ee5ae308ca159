import { RecordTable } from '@lateen/sdk/assembly/bytes/record-table';

const ROOT = 0;
const ROUTE_CONFIG = 4;
const states = new RecordTable(8);

export function openState(stream: i32, root: i32): void {
  store<i32>(states.open(stream), root, ROOT);
}

export function setRouteConfig(stream: i32, config: i32): void {
  store<i32>(states.open(stream), config, ROUTE_CONFIG);
}

/** The root context, 0 where the stream is not known. */
export function rootOf(stream: i32): i32 {
  const state = states.find(stream);
  return state === 0 ? 0 : load<i32>(state, ROOT);
}

/** The route's configuration, 0 where it has none. */
export function routeConfigOf(stream: i32): i32 {
  const state = states.find(stream);
  return state === 0 ? 0 : load<i32>(state, ROUTE_CONFIG);
}

export function closeState(stream: i32): void {
  states.close(stream);
}
