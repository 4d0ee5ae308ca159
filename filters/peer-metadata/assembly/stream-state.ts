import { RecordTable } from '@lateen/sdk/assembly/bytes/record-table';

const ROOT = 0;
/** Whether the client told who it is, so that it is told in turn. */
const ASKED = 4;
const states = new RecordTable(8);

export function openState(stream: i32, root: i32): void {
  store<i32>(states.open(stream), root, ROOT);
}

export function rootOf(stream: i32): i32 {
  const state = states.find(stream);
  return state === 0 ? 0 : load<i32>(state, ROOT);
}

export function setAsked(stream: i32): void {
  store<i32>(states.open(stream), 1, ASKED);
}

export function wasAsked(stream: i32): bool {
  const state = states.find(stream);
  return state !== 0 && load<i32>(state, ASKED) !== 0;
}

export function closeState(stream: i32): void {
  states.close(stream);
}
