import { describe, expect, it } from 'vitest';
import { parseFlags } from './flags.ts';

function flags(...args: readonly string[]) {
  const parsed = parseFlags(['-c', 'f.yaml', ...args]);
  if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed));
  return parsed.flags;
}

function refusal(...args: readonly string[]): string {
  const parsed = parseFlags(args);
  return parsed.kind === 'usage' ? parsed.message : `accepted as ${parsed.kind}`;
}

describe('parseFlags', () => {
  it("reads Envoy's flags with their values behind them or after an equals sign", () => {
    expect(
      flags('--concurrency', '2', '--service-cluster=a', '--service-node', 'b', '-l', 'warning'),
    ).toMatchObject({
      configPath: 'f.yaml',
      concurrency: 2,
      serviceCluster: 'a',
      serviceNode: 'b',
      logLevel: 'warn',
      mode: 'serve',
      drainTimeMs: 600_000,
    });
    const levels = flags('--component-log-level', 'upstream:debug,http:trace');
    expect(levels.componentLogLevels).toEqual({ upstream: 'debug', http: 'trace' });
    expect(flags('--mode', 'validate', '--drain-time-s=5', '--modules', 'dir')).toMatchObject({
      mode: 'validate',
      drainTimeMs: 5000,
      modulesDir: 'dir',
    });
  });

  it('accepts flags of Envoy that make no difference, and names them', () => {
    const given = ['--base-id', '3', '--disable-hot-restart', '--restart-epoch=1'];
    expect(flags(...given).ignored).toEqual([
      '--base-id',
      '--disable-hot-restart',
      '--restart-epoch',
    ]);
  });

  it('says what is wrong with the command line', () => {
    expect(refusal()).toContain('a configuration is needed');
    expect(refusal('-c')).toBe('--config-path needs a value');
    expect(refusal('-c', 'f', '--concurency', '1')).toBe('unknown flag --concurency');
    expect(refusal('-c', 'f', '--concurrency', '-1')).toContain('must be a whole number');
    expect(refusal('-c', 'f', '--mode', 'init_only')).toContain('must be serve or validate');
    expect(refusal('-c', 'f', '-l', 'loud')).toContain('must be trace');
    expect(refusal('f.yaml')).toBe('unexpected argument f.yaml');
  });

  it('answers --help and --version before anything else is asked', () => {
    expect(parseFlags(['--help']).kind).toBe('help');
    expect(parseFlags(['-c', 'x', '--version']).kind).toBe('version');
  });
});
