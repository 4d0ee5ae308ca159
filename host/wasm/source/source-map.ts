import { isJsonObject, type Json } from '@lateen/sdk/base/json';

/** A place in a source file; lines and columns from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Int8Array(128).fill(-1);
for (let i = 0; i < DIGITS.length; i++) VALUES[DIGITS.charCodeAt(i)] = i;

/** A source map (revision 3) of a module: one generated line, its columns are byte offsets. */
export class SourceMap {
  readonly #sources: readonly string[];
  readonly #contents: readonly (string | null)[];
  /** Offset, source, line and column of each mapping, by offset. */
  readonly #mappings: readonly (readonly [number, number, number, number])[];

  private constructor(
    sources: readonly string[],
    contents: readonly (string | null)[],
    mappings: readonly (readonly [number, number, number, number])[],
  ) {
    this.#sources = sources;
    this.#contents = contents;
    this.#mappings = mappings;
  }

  /** Null where the text is no source map. */
  static parse(text: string): SourceMap | null {
    let json: Json;
    try {
      json = JSON.parse(text);
    } catch {
      return null;
    }
    if (!isJsonObject(json)) return null;
    const { sources, sourcesContent, mappings } = json;
    if (!Array.isArray(sources) || typeof mappings !== 'string') return null;
    const contents = Array.isArray(sourcesContent) ? sourcesContent : [];
    return new SourceMap(
      sources.map(String),
      sources.map((_, i) => (typeof contents[i] === 'string' ? contents[i] : null)),
      decode(mappings).sort((a, b) => a[0] - b[0]),
    );
  }

  /** Where the instruction at the byte offset comes from; null where the map does not say. */
  find(offset: number): SourcePosition | null {
    return this.#position(this.#before(offset));
  }

  /** The nearest place before it that is wanted: where inlined code was called, most likely. */
  near(offset: number, wanted: (file: string) => boolean): SourcePosition | null {
    const last = this.#before(offset);
    for (let at = last; at >= 0 && at > last - NEAR_MAX; at--) {
      const position = this.#position(at);
      if (position !== null && wanted(position.file)) return position;
    }
    return null;
  }

  #before(offset: number): number {
    let low = 0;
    let high = this.#mappings.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#mappings[middle]![0] <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #position(at: number): SourcePosition | null {
    const found = this.#mappings[at];
    const file = found === undefined ? undefined : this.#sources[found[1]];
    if (found === undefined || file === undefined) return null;
    return { file, line: found[2] + 1, column: found[3] + 1 };
  }

  /** The line of the position with a caret under its column; empty where the map has no text. */
  frame({ file, line, column }: SourcePosition): string {
    const text = this.#contents[this.#sources.indexOf(file)]?.split('\n')[line - 1];
    if (text === undefined) return '';
    const shown = text.replace(/\r$/, '').slice(0, LINE_MAX);
    const number = String(line);
    const indent = shown.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
    return `${number} | ${shown}\n${' '.repeat(number.length)} | ${indent}^`;
  }
}

const LINE_MAX = 200;
const NEAR_MAX = 100;

/** The segments of all lines; those without a source are left out. */
function decode(mappings: string): (readonly [number, number, number, number])[] {
  const found: [number, number, number, number][] = [];
  const state = [0, 0, 0, 0, 0];
  for (const line of mappings.split(';')) {
    state[0] = 0;
    for (const segment of line.split(',')) {
      const fields = decodeSegment(segment);
      for (const [i, delta] of fields.entries()) if (i < 5) state[i]! += delta;
      if (fields.length >= 4) found.push([state[0]!, state[1]!, state[2]!, state[3]!]);
    }
  }
  return found;
}

/** Base 64 VLQ; a segment with other characters is none. */
function decodeSegment(segment: string): readonly number[] {
  const fields: number[] = [];
  let value = 0;
  let shift = 0;
  for (let i = 0; i < segment.length; i++) {
    const digit = VALUES[segment.charCodeAt(i) & 127]!;
    if (digit < 0 || shift > 30) return [];
    value += (digit & 31) * 2 ** shift;
    shift += 5;
    if (digit >= 32) continue;
    fields.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    value = 0;
    shift = 0;
  }
  return fields;
}
