/** Proxy-Wasm's six levels, in order; also Envoy's names for `--log-level`. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where a room writes what an operator should read. Fields never hold secrets. */
export interface Log {
  enabled(level: LogLevel): boolean;
  write(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A log whose lines carry the component's name, as Envoy's loggers do. */
  child(component: string): Log;
}

export const silentLog: Log = {
  enabled: () => false,
  write: () => {},
  child: () => silentLog,
};
