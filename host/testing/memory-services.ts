import * as buffers from '@lateen/sdk/abi/buffers';
import * as status from '@lateen/sdk/abi/status';
import type { Log, LogLevel } from '@lateen/sdk/base/log';
import type { MetricSlots, WriteSinks } from '../wasm/effects.ts';

type LogFields = Readonly<Record<string, unknown>>;

/** Log lines as a test reads them: `level message`. */
export class MemoryLog implements Log {
  readonly lines: string[] = [];
  /** Of each line, as it stands in a proxy's log. */
  readonly fields: LogFields[] = [];
  level: LogLevel = 'trace';

  enabled(): boolean {
    return true;
  }

  write(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.fields.push(fields);
    this.lines.push(`${level} ${message}`);
  }

  child(): Log {
    return this;
  }
}

/** Metrics by name; histograms keep what was recorded. */
export class MemoryMetrics implements MetricSlots {
  readonly #names: { readonly name: string; readonly type: number }[] = [];
  readonly values = new Map<string, number>();
  readonly histograms = new Map<string, number[]>();

  define(type: number, name: string): number {
    const known = this.#names.findIndex((entry) => entry.name === name);
    if (known >= 0) return known + 1;
    if (type === buffers.METRIC_HISTOGRAM) this.histograms.set(name, []);
    else this.values.set(name, 0);
    return this.#names.push({ name, type });
  }

  increment(id: number, delta: number): number {
    const entry = this.#names[id - 1];
    if (entry === undefined) return status.NOT_FOUND;
    this.values.set(entry.name, (this.values.get(entry.name) ?? 0) + delta);
    return status.OK;
  }

  record(id: number, value: number): number {
    const entry = this.#names[id - 1];
    if (entry === undefined) return status.NOT_FOUND;
    if (entry.type === buffers.METRIC_HISTOGRAM) this.histograms.get(entry.name)?.push(value);
    else if (entry.type === buffers.METRIC_GAUGE) this.values.set(entry.name, value);
    else return this.increment(id, value);
    return status.OK;
  }

  read(id: number): number | null {
    const entry = this.#names[id - 1];
    if (entry === undefined || entry.type === buffers.METRIC_HISTOGRAM) return null;
    return this.values.get(entry.name) ?? 0;
  }
}

/** Write sinks whose text a test reads by path. */
export class MemorySinks implements WriteSinks {
  readonly texts = new Map<string, string>();
  readonly #paths: string[] = [];

  open(path: string): number {
    const known = this.#paths.indexOf(path);
    if (known >= 0) return known + 1;
    this.texts.set(path, '');
    return this.#paths.push(path);
  }

  write(id: number, source: Uint8Array, start: number, end: number): boolean {
    const path = this.#paths[id - 1];
    if (path === undefined) return false;
    const text = Buffer.from(source.subarray(start, end)).toString('utf8');
    this.texts.set(path, (this.texts.get(path) ?? '') + text);
    return true;
  }
}
