import { RecordTable } from '@lateen/sdk/assembly/bytes/record-table';

/**
 * What the router knows of one stream between callbacks: plain memory, so that a stream costs no
 * allocation once as many were alive before.
 */
const ROOT = 0;
const TABLE = 4;
const VIRTUAL_HOST = 8;
const ROUTE = 12;
const CLUSTER = 16;
const TIMEOUT = 20;
/** Whether the request brings a time limit of its own, which is not for the upstream. */
const CLIENT_LIMITS = 24;
const states = new RecordTable(28);

export function openState(stream: i32, root: i32): void {
  store<i32>(states.open(stream), root, ROOT);
}

export function closeState(stream: i32): void {
  states.close(stream);
}

/** Address of the stream's state, made where there is none. */
export function stateOf(stream: i32): usize {
  return states.open(stream);
}

export function rootOf(state: usize): i32 {
  return load<i32>(state, ROOT);
}

/** Id of the selected route's table; 0 where no route was selected. */
export function tableIdOf(state: usize): i32 {
  return load<i32>(state, TABLE);
}

export function virtualHostOf(state: usize): i32 {
  return load<i32>(state, VIRTUAL_HOST);
}

export function routeOf(state: usize): i32 {
  return load<i32>(state, ROUTE);
}

/** Index of the weighted cluster, or -1. */
export function clusterOf(state: usize): i32 {
  return load<i32>(state, CLUSTER);
}

export function timeoutOf(state: usize): u32 {
  return load<u32>(state, TIMEOUT);
}

export function clientLimitsOf(state: usize): bool {
  return load<i32>(state, CLIENT_LIMITS) !== 0;
}

export function clearSelection(state: usize): void {
  store<i32>(state, 0, TABLE);
}

/** Notes where in the table the selected route stands. */
export function setSelection(state: usize, table: i32, host: i32, route: i32): void {
  store<i32>(state, table, TABLE);
  store<i32>(state, host, VIRTUAL_HOST);
  store<i32>(state, route, ROUTE);
  store<i32>(state, -1, CLUSTER);
  store<u32>(state, 0, TIMEOUT);
}

export function setForward(state: usize, cluster: i32, timeout: u32, clientLimits: bool): void {
  store<i32>(state, cluster, CLUSTER);
  store<u32>(state, timeout, TIMEOUT);
  store<i32>(state, clientLimits ? 1 : 0, CLIENT_LIMITS);
}
