import { type Guest, STARTING } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';
import * as errno from './wasi-errno.ts';

/** Arguments (none) and the environment of the VM's configuration. */
export function environmentFunctions(guest: Guest): HostFunctions {
  const variables = Object.entries(guest.options.environment).map(([name, value]) =>
    Buffer.from(`${name}=${value}\0`),
  );
  return {
    args_sizes_get: (count: number, size: number) =>
      putSizes(guest, 'args_sizes_get', [], count, size),
    args_get: (list: number, bytes: number) => putStrings(guest, 'args_get', [], list, bytes),
    environ_sizes_get: (count: number, size: number) =>
      putSizes(guest, 'environ_sizes_get', variables, count, size),
    environ_get: (list: number, bytes: number) =>
      putStrings(guest, 'environ_get', variables, list, bytes),
  };
}

type Strings = readonly Uint8Array[];

function putSizes(guest: Guest, name: string, strings: Strings, c: number, s: number): number {
  const { memory } = guest;
  if (!guest.admit(name, STARTING)) return errno.FAULT;
  const count = c >>> 0;
  const size = s >>> 0;
  if (!memory.has(count, 4) || !memory.has(size, 4)) return errno.FAULT;
  memory.setU32(count, strings.length);
  memory.setU32(size, totalBytes(strings));
  return errno.SUCCESS;
}

function putStrings(guest: Guest, name: string, strings: Strings, l: number, b: number): number {
  const { memory } = guest;
  if (!guest.admit(name, STARTING)) return errno.FAULT;
  let list = l >>> 0;
  let at = b >>> 0;
  if (!memory.has(list, strings.length * 4) || !memory.has(at, totalBytes(strings))) {
    return errno.FAULT;
  }
  for (const string of strings) {
    memory.setU32(list, at);
    memory.write(at, string, 0, string.length);
    list += 4;
    at += string.length;
  }
  return errno.SUCCESS;
}

function totalBytes(strings: Strings): number {
  return strings.reduce((sum, string) => sum + string.length, 0);
}
