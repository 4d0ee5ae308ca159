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

export function rootOf(stream: i32): i32 {
  return load<i32>(states.open(stream), ROOT);
}

/** 0: the route has none of its own. */
export function routeConfigOf(stream: i32): i32 {
  return load<i32>(states.open(stream), ROUTE_CONFIG);
}

export function closeState(stream: i32): void {
  states.close(stream);
}
