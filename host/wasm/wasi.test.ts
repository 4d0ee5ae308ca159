import { beforeAll, expect, test } from 'vitest';
import { openProbe, type Probe } from './fixtures/probe.ts';
import * as errno from './imports/wasi-errno.ts';

let probe: Probe;
beforeAll(async () => {
  probe = await openProbe({ environment: { NAME: 'value', EMPTY: '' } });
});

const out = (offset = 0) => probe.scratch + 4096 + offset;
const u64 = (at: number) => BigInt(probe.vm.u32(at)) + (BigInt(probe.vm.u32(at + 4)) << 32n);

test('the environment is that of the VM, and there are no arguments', () => {
  expect(probe.call('environ_sizes_get', [out(), out(4)])).toBe(errno.SUCCESS);
  expect([probe.vm.u32(out()), probe.vm.u32(out(4))]).toEqual([2, 18]);
  expect(probe.call('environ_get', [out(), out(64)])).toBe(errno.SUCCESS);
  expect(probe.vm.latin1(out(64), 18)).toBe('NAME=value\0EMPTY=\0');
  expect(probe.vm.u32(out(4))).toBe(out(64) + 11);
  expect(probe.call('args_sizes_get', [out(), out(4)])).toBe(errno.SUCCESS);
  expect(probe.vm.u32(out())).toBe(0);
});

test('clocks are those of the host, and the monotonic one never shows 0', () => {
  expect(probe.call('clock_time_get', [0, 0, out()])).toBe(errno.SUCCESS);
  expect(u64(out())).toBe(BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n);
  expect(probe.call('clock_time_get', [1, 0, out()])).toBe(errno.SUCCESS);
  expect(u64(out())).toBeGreaterThan(0n);
  expect(probe.call('clock_time_get', [2, 0, out()])).toBe(errno.NOTSUP);
  expect(probe.call('proxy_get_current_time_nanoseconds', [out()])).toBe(0);
  expect(u64(out())).toBe(BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n);
});

test('standard output and error are the log', () => {
  const vectors = Buffer.alloc(32);
  vectors.writeUInt32LE(probe.scratch + 16, 0);
  vectors.writeUInt32LE(3, 4);
  vectors.writeUInt32LE(probe.scratch + 19, 8);
  vectors.writeUInt32LE(3, 12);
  vectors.write('on\ntwo', 16, 'latin1');
  expect(probe.call('fd_write', [2, probe.scratch, 2, out()], vectors)).toBe(errno.SUCCESS);
  expect(probe.vm.u32(out())).toBe(6);
  expect(probe.services.lines.at(-1)).toBe('error on');
  expect(probe.call('fd_write', [3, probe.scratch, 2, out()], vectors)).toBe(errno.BADF);
  expect(probe.call('fd_write', [1, probe.scratch, -1, out()], vectors)).toBe(errno.INVAL);
});

test('chance is bounded', () => {
  expect(probe.call('random_get', [out(), 8])).toBe(errno.SUCCESS);
  expect(probe.vm.u32(out())).toBe(0x80808080);
  expect(probe.call('random_get', [0, 65537])).toBe(errno.INVAL);
});

test('there are no files, and what looks for them is told so the way runtimes expect', () => {
  expect(probe.call('fd_prestat_get', [3, out()])).toBe(errno.BADF);
  expect(probe.call('path_open', [3, 0, 0, 0, 0, 0, 0, 0, 0])).toBe(errno.NOENT);
  expect(probe.call('fd_read', [0, 0, 0, 0])).toBe(errno.NOSYS);
  expect(probe.call('sock_send', [0, 0, 0, 0, 0])).toBe(errno.NOTSUP);
  expect(probe.call('fd_fdstat_get', [1, out()])).toBe(errno.SUCCESS);
  expect(probe.vm.u32(out(8))).toBe(64);
  expect(probe.call('poll_oneoff', [0, 0, 1, out()])).toBe(errno.SUCCESS);
  expect(probe.call('sched_yield', [])).toBe(errno.SUCCESS);
});
