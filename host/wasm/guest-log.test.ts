import { expect, test } from 'vitest';
import { fakeServices } from './fixtures/fake-services.ts';
import { GuestLog } from './guest-log.ts';
import { DEFAULT_VM_LIMITS } from './limits.ts';

function openLog(level: 'trace' | 'error' = 'trace') {
  const services = fakeServices(level);
  return {
    services,
    log: new GuestLog(services.log, services.clock, DEFAULT_VM_LIMITS, () => 'p'),
  };
}

test('a stream of bytes becomes whole lines', () => {
  const { log, services } = openLog();
  log.writeStream(1, 'half ');
  expect(services.lines).toEqual([]);
  log.writeStream(1, 'line\nnext\n\nrest');
  log.writeStream(2, 'panic');
  expect(services.lines).toEqual(['info half line', 'info next']);
  log.flush();
  expect(services.lines.slice(2)).toEqual(['error panic', 'info rest']);
});

test('errors are remembered below the level that is written, until they are forgotten', () => {
  const { log, services } = openLog('error');
  expect(log.level).toBe(4);
  expect(log.wants(2)).toBe(false);
  log.write(2, 'quiet');
  log.write(4, 'first');
  log.write(5, 'second');
  log.write(5, 'third');
  expect(services.lines.length).toBe(3);
  expect(log.errors).toBe('first; second');
  log.forgetErrors();
  expect(log.errors).toBe('');
});
