import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second whatever the kernel's own tick is (`getconf CLK_TCK`). */
const TICK_MS = 10;

/** CPU time that a process has used so far, all of its threads together, in milliseconds. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The command's name stands in parentheses and may hold spaces; fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) * TICK_MS;
}

/** The processes started by `pid`. */
export function childrenOf(pid: number): readonly number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return listed === '' ? [] : listed.split(' ').map(Number);
}
