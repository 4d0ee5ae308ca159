import { RecordTable } from '@lateen/sdk/assembly/bytes/record-table';

const ROOT = 0;
const ROUTE_CONFIG = 4;
const ACTIVE = 8;
const states = new RecordTable(12);

/** Streams that a fault holds or has answered. */
export let activeFaults: i64 = 0;

export function openState(stream: i32, root: i32): void {
  store<i32>(states.open(stream), root, ROOT);
}

export function setRouteConfig(stream: i32, config: i32): void {
  store<i32>(states.open(stream), config, ROUTE_CONFIG);
}

export function rootOf(stream: i32): i32 {
  return load<i32>(states.open(stream), ROOT);
}

export function routeConfigOf(stream: i32): i32 {
  return load<i32>(states.open(stream), ROUTE_CONFIG);
}

/** Counts the stream among those with a fault, once. */
export function markActive(stream: i32): void {
  const state = states.open(stream);
  if (load<i32>(state, ACTIVE) !== 0) return;
  store<i32>(state, 1, ACTIVE);
  activeFaults++;
}

export function isActive(stream: i32): bool {
  return load<i32>(states.open(stream), ACTIVE) !== 0;
}

export function closeState(stream: i32): void {
  const state = states.find(stream);
  if (state !== 0 && load<i32>(state, ACTIVE) !== 0) activeFaults--;
  states.close(stream);
}
