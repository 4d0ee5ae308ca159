import type { Log, LogLevel } from '@lateen/sdk/base/log';
import { LOG_LEVELS } from '@lateen/sdk/base/log';
import pino from 'pino';

/** One JSON object a line on standard error. */
export function openLog(level: LogLevel): Log {
  return wrap(
    pino({ level: pinoLevel(level), base: null }, pino.destination({ fd: 2, sync: true })),
  );
}

export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text);
}

function wrap(logger: pino.Logger): Log {
  return {
    enabled: (level) => logger.isLevelEnabled(pinoLevel(level)),
    write: (level, message, fields) => logger[pinoLevel(level)](fields ?? {}, message),
    child: (component) => wrap(logger.child({ component })),
  };
}

/** Envoy's `critical` is pino's `fatal`. */
function pinoLevel(level: LogLevel): Exclude<LogLevel, 'critical'> | 'fatal' {
  return level === 'critical' ? 'fatal' : level;
}
