import { LOG_LEVELS, type Log, type LogLevel } from '@lateen/sdk/base/log';
import pino from 'pino';

/** Envoy's levels as people write them; `warning` and `off` too. */
export type LogThreshold = LogLevel | 'off';

/** Thresholds of a process: one for all, and exceptions by component. */
export interface LogThresholds {
  readonly level: LogThreshold;
  readonly components: Readonly<Record<string, LogThreshold>>;
}

/** A log whose thresholds can be changed while it is in use (`POST /logging`). */
export interface LeveledLog extends Log {
  thresholds(): LogThresholds;
  setThresholds(thresholds: LogThresholds): void;
  /** The components that have logs now. */
  components(): readonly string[];
  /** Opens the log file again; nothing where the log goes to stderr. */
  reopen(): void;
}

/** `warning` is Envoy's own word for `warn`; undefined where the text is no level. */
export function parseThreshold(text: string): LogThreshold | undefined {
  if (text === 'warning') return 'warn';
  return [...LOG_LEVELS, 'off' as const].find((level) => level === text);
}

/** `config:debug,http:trace`; undefined where a part is malformed. */
export function parseComponentThresholds(
  text: string,
): Readonly<Record<string, LogThreshold>> | undefined {
  const components: Record<string, LogThreshold> = {};
  for (const part of text.split(',').filter((piece) => piece !== '')) {
    const [name, level, rest] = part.split(':');
    const threshold = parseThreshold(level ?? '');
    if (!name || threshold === undefined || rest !== undefined) return undefined;
    components[name] = threshold;
  }
  return components;
}

const RANK = new Map<LogThreshold, number>([
  ...LOG_LEVELS.map((level, index): [LogThreshold, number] => [level, index]),
  ['off', LOG_LEVELS.length],
]);

const PINO_LEVELS: Record<LogLevel, number> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  critical: 60,
};

/**
 * A log of JSON lines on stderr (or in a file), written at once so that the last line before a
 * crash is there. Each thread opens its own; a line is one write, so they do not mix.
 */
export function openLog(thresholds: LogThresholds, path?: string): LeveledLog {
  const destination =
    path === undefined
      ? pino.destination({ dest: 2, sync: true })
      : pino.destination({ dest: path, append: true, mkdir: false, sync: true });
  const sink = pino<LogLevel, true>(
    {
      customLevels: PINO_LEVELS,
      useOnlyCustomLevels: true,
      level: 'trace',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return makeLog(sink, thresholds, () => {
    if (path !== undefined) destination.reopen();
  });
}

type PinoSink = Readonly<Record<LogLevel, (fields: object, message: string) => void>>;

/** A log over anything with pino's methods. */
export function makeLog(
  sink: PinoSink,
  initial: LogThresholds,
  reopen: () => void = () => {},
): LeveledLog {
  let thresholds = initial;
  const opened = new Map<string, { readonly log: Log; refresh(): void }>();

  const openComponent = (component: string): Log => {
    const known = opened.get(component);
    if (known !== undefined) return known.log;
    const currentRank = () => RANK.get(thresholds.components[component] ?? thresholds.level) ?? 0;
    let rank = currentRank();
    const log: Log = {
      enabled: (level) => RANK.get(level)! >= rank,
      write(level, message, fields) {
        if (RANK.get(level)! >= rank) sink[level]({ component, ...fields }, message);
      },
      child: openComponent,
    };
    const refresh = () => {
      rank = currentRank();
    };
    opened.set(component, { log, refresh });
    return log;
  };

  return {
    ...openComponent('main'),
    thresholds: () => thresholds,
    setThresholds(next) {
      thresholds = next;
      for (const { refresh } of opened.values()) refresh();
    },
    components: () => [...opened.keys()].sort(),
    reopen,
  };
}
