import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog, parseComponentThresholds, parseThreshold } from './log.ts';

describe('openLog', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'lateen-log-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const lines = (path: string) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((text) => text !== '')
      .map((text) => JSON.parse(text));

  it('writes a JSON line with level, time and component', () => {
    const path = join(dir, 'log');
    const log = openLog({ level: 'info', components: {} }, path);
    log.child('config').write('critical', 'no listener', { port: 80 });
    log.write('debug', 'not this');
    expect(lines(path)).toMatchObject([
      { level: 'critical', component: 'config', msg: 'no listener', port: 80 },
    ]);
    expect(lines(path)[0].time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('lets thresholds be changed while logs are in use', () => {
    const path = join(dir, 'log');
    const log = openLog({ level: 'warn', components: { http: 'trace' } }, path);
    const [http, config] = [log.child('http'), log.child('config')];
    expect([http.enabled('trace'), config.enabled('info')]).toEqual([true, false]);
    log.setThresholds({ level: 'off', components: { config: 'info' } });
    expect([http.enabled('critical'), config.enabled('info')]).toEqual([false, true]);
    http.write('critical', 'silent');
    config.child('wasm').write('critical', 'silent');
    config.write('info', 'seen');
    expect(lines(path)).toMatchObject([{ msg: 'seen' }]);
    expect(log.components()).toEqual(['config', 'http', 'main', 'wasm']);
  });

  it('goes on in a new file after rotation', () => {
    const path = join(dir, 'log');
    const log = openLog({ level: 'info', components: {} }, path);
    log.write('info', 'old');
    renameSync(path, `${path}.1`);
    log.reopen();
    log.write('info', 'new');
    expect(lines(path)).toMatchObject([{ msg: 'new' }]);
  });
});

describe("Envoy's level arguments", () => {
  it('are read with their synonyms', () => {
    expect(parseThreshold('warning')).toBe('warn');
    expect(parseThreshold('off')).toBe('off');
    expect(parseThreshold('loud')).toBeUndefined();
    expect(parseComponentThresholds('upstream:debug,http:warning')).toEqual({
      upstream: 'debug',
      http: 'warn',
    });
    expect(parseComponentThresholds('upstream=debug')).toBeUndefined();
    expect(parseComponentThresholds('upstream:loud')).toBeUndefined();
  });
});
