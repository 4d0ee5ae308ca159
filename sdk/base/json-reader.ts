import { isJsonObject, type Json, type JsonObject } from './json.ts';
import type { Level, Problem } from './problem.ts';

/** Where a reader's problems go, and what every one of them carries. */
export interface ReaderSink {
  readonly resource: string;
  readonly problems: Problem[];
}

/**
 * Reads one object of canonical proto3 JSON into a type of ours, with field paths in every
 * complaint. It remembers which fields were read: what is left at the end is what we don't
 * support, and `refuseUnread` or `warnUnread` says so. The JSON has been through the protobuf
 * registry, so types are right; a missing field is its proto3 default.
 */
export class JsonReader {
  readonly path: string;
  readonly json: JsonObject;
  readonly #sink: ReaderSink;
  readonly #read = new Set<string>();

  constructor(json: Json | undefined, sink: ReaderSink, path = '') {
    this.path = path;
    this.#sink = sink;
    this.json = isJsonObject(json) ? json : {};
  }

  has(name: string): boolean {
    return this.json[name] !== undefined && this.json[name] !== null;
  }

  /** The raw value; counts as read. */
  raw(name: string): Json | undefined {
    this.#read.add(name);
    return Object.hasOwn(this.json, name) ? this.json[name] : undefined;
  }

  string(name: string, fallback = ''): string {
    const value = this.raw(name);
    return typeof value === 'string' ? value : fallback;
  }

  boolean(name: string, fallback = false): boolean {
    const value = this.raw(name);
    return typeof value === 'boolean' ? value : fallback;
  }

  /** 64-bit integers are strings in proto3 JSON; both forms are read. */
  number(name: string, fallback = 0): number {
    const value = this.raw(name);
    if (typeof value === 'number') return value;
    if (typeof value === 'string' && value !== '') return Number(value);
    return fallback;
  }

  /** Milliseconds of a google.protobuf.Duration (`"1.5s"`). */
  durationMs(name: string, fallback: number): number {
    const value = this.raw(name);
    if (typeof value !== 'string') return fallback;
    return parseDurationMs(value) ?? fallback;
  }

  strings(name: string): readonly string[] {
    const value = this.raw(name);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  /** A reader of the message in `name`; an absent one reads as empty. */
  object(name: string): JsonReader {
    return this.#child(this.raw(name), this.#at(name));
  }

  objects(name: string): readonly JsonReader[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) return [];
    return value.map((item, index) => this.#child(item, `${this.#at(name)}[${index}]`));
  }

  /** Marks fields as known and of no consequence here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name);
  }

  problem(level: Level, code: string, message: string, field = ''): void {
    const path = field === '' ? this.path : this.#at(field);
    this.#sink.problems.push({
      level,
      code,
      message,
      origin: { resource: this.#sink.resource, path },
    });
  }

  error(message: string, field = ''): void {
    this.problem('error', 'LAT0601', message, field);
  }

  /** Fields that are set and that nobody read. */
  unread(): readonly string[] {
    return Object.keys(this.json).filter((name) => name !== '@type' && !this.#read.has(name));
  }

  /** Refuses what nobody read: ignoring it could route, admit or secure traffic differently. */
  refuseUnread(): void {
    for (const name of this.unread()) this.error('is not supported', name);
  }

  /** One warning for each field that nobody read. */
  warnUnread(): void {
    for (const name of this.unread()) {
      this.problem('warning', 'LAT0602', 'is not supported and has no effect', name);
    }
  }

  #child(value: Json | undefined, path: string): JsonReader {
    return new JsonReader(value, this.#sink, path);
  }

  #at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

/** Milliseconds of `"1.5s"`; undefined where the text is no proto3 JSON duration. */
export function parseDurationMs(text: string): number | undefined {
  if (!/^-?\d+(\.\d{1,9})?s$/.test(text)) return undefined;
  return Number(text.slice(0, -1)) * 1000;
}
