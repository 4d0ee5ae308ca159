import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, read, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@lateen/sdk/base/clock';
import { silentLog } from '@lateen/sdk/base/log';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { formatText } from './exposition.ts';
import { FileSinks } from './file-sinks.ts';
import { MetricHub } from './metric-hub.ts';
import { ThreadMetrics } from './thread-metrics.ts';

/** A clock whose one timer fires when the test says so. */
function manualClock(): Clock & { fire(): void } {
  let pending: (() => void) | undefined;
  return {
    now: () => 0,
    wallTime: () => 0,
    setTimer(_delay, callback) {
      pending = callback;
      return { cancel: () => (pending = undefined) };
    },
    fire: () => pending?.(),
  };
}

function openSinks() {
  const hub = new MetricHub();
  const source = hub.attach();
  const clock = manualClock();
  const metrics = new ThreadMetrics((message) => source.receive(message));
  const sinks = new FileSinks({ clock, metrics, log: silentLog });
  return { sinks, clock, stats: () => formatText(hub.snapshot()) };
}

const line = (text: string) => Buffer.from(`${text}\n`);

describe('FileSinks', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lateen-sink-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('writes at the interval, not before', async () => {
    const { sinks, clock } = openSinks();
    const path = join(dir, 'log');
    const id = sinks.open(path);
    const bytes = line('xx one xx');
    expect(sinks.write(id, bytes, 3, 6)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('');
    clock.fire();
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe('one'));
    expect(sinks.open(path)).toBe(id);
    sinks.close();
  });

  it('writes what is buffered when it is closed, in order, once', () => {
    const { sinks } = openSinks();
    const path = join(dir, 'log');
    const id = sinks.open(path);
    const expected: string[] = [];
    for (let n = 0; n < 1000; n++) {
      expected.push(`line ${n}\n`);
      sinks.write(id, line(`line ${n}`), 0, line(`line ${n}`).length);
    }
    sinks.close();
    expect(readFileSync(path, 'utf8')).toBe(expected.join(''));
    expect(sinks.write(id, line('late'), 0, 5)).toBe(false);
  });

  it('goes on in a new file after rotation', async () => {
    const { sinks } = openSinks();
    const path = join(dir, 'log');
    const id = sinks.open(path);
    sinks.write(id, line('old'), 0, 4);
    sinks.flush();
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe('old\n'));
    renameSync(path, `${path}.1`);
    sinks.reopen();
    sinks.write(id, line('new'), 0, 4);
    sinks.close();
    expect(readFileSync(path, 'utf8')).toBe('new\n');
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('old\n');
  });

  it('answers 0 for a path that cannot be opened, and drops writes to it', () => {
    const { sinks } = openSinks();
    expect(sinks.open(join(dir, 'no/such/dir'))).toBe(0);
    expect(sinks.write(0, line('x'), 0, 2)).toBe(false);
    sinks.close();
  });

  it('drops and counts records when nobody reads the pipe, and the loop goes on', async () => {
    const { sinks, stats } = openSinks();
    const path = join(dir, 'pipe');
    execFileSync('mkfifo', [path]);
    // Holds the pipe open without reading: it fills up after 64 kB.
    const holder = openSync(path, 'r+');
    const id = sinks.open(path);
    const record = line('x'.repeat(999));
    let dropped = 0;
    for (let n = 0; n < 6000; n++) if (!sinks.write(id, record, 0, record.length)) dropped++;
    await new Promise((resolve) => setImmediate(resolve));
    expect(dropped).toBeGreaterThan(1000);
    expect(stats()).toContain(`filesystem.write_dropped: ${dropped}\n`);

    const accepted = 6000 - dropped;
    const received = await drain(holder, accepted * record.length, () => sinks.flush());
    expect(received === 'x'.repeat(999).concat('\n').repeat(accepted)).toBe(true);
    sinks.close();
    closeSync(holder);
  });

  it('does not wait for a pipe that has no reader', () => {
    const { sinks } = openSinks();
    const path = join(dir, 'pipe');
    execFileSync('mkfifo', [path]);
    expect(sinks.open(path)).toBe(0);
    sinks.close();
  });
});

/** Reads that many bytes from a pipe while `flush` keeps being called. */
async function drain(fd: number, size: number, flush: () => void): Promise<string> {
  const buffer = Buffer.alloc(size);
  const timer = setInterval(flush, 1);
  let filled = 0;
  while (filled < size) {
    filled += await new Promise<number>((resolve, reject) => {
      read(fd, buffer, filled, size - filled, null, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
  }
  clearInterval(timer);
  return buffer.toString('latin1');
}
