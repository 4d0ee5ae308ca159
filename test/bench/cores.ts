import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const pinnable = availableParallelism() >= 2 && existsSync('/usr/bin/taskset');

/**
 * The command, kept on one core where that can be done: what is measured on the first, the load
 * and the origin on the second, so that they do not take turns.
 */
export function onCore(part: 'measured' | 'load', command: readonly string[]): readonly string[] {
  return pinnable ? ['taskset', '-c', part === 'measured' ? '0' : '1', ...command] : command;
}
