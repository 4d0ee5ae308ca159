import { type BinaryReader, MalformedModule } from './binary-reader.ts';

/** Numbers of sections (core spec 5.5.2). */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** Their order in a module. */
export const SECTION_ORDER: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

const SECTION_NAMES = Object.keys(SECTION);

/** Kinds of imports and exports. */
export const EXTERNAL = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

export interface Section {
  readonly id: number;
  /** Of its content. */
  readonly start: number;
  readonly end: number;
}

export interface FunctionImport {
  readonly module: string;
  readonly name: string;
  readonly type: number;
}

export interface ModuleExport {
  readonly kind: number;
  readonly index: number;
}

export interface Limits {
  readonly min: number;
  /** null = none. */
  readonly max: number | null;
}

export interface TableType {
  readonly type: number;
  readonly limits: Limits;
}

/** What a module declares, as far as host and fuel pass have to know. Functions are not read. */
export interface ModuleShape {
  readonly sections: readonly Section[];
  /** Signatures as in imports/signatures.ts: `ii>i`. */
  readonly types: readonly string[];
  readonly imports: readonly FunctionImport[];
  /** Type of each function of its own. */
  readonly functions: readonly number[];
  readonly exports: ReadonlyMap<string, ModuleExport>;
  readonly memories: readonly Limits[];
  readonly tables: readonly TableType[];
  readonly globals: number;
  readonly segments: number;
  /** Function of the start section, or null. */
  readonly start: number | null;
}

export function sectionName(id: number): string {
  return SECTION_NAMES[id] ?? String(id);
}

/** The sections of a module whose header was read; each within the file, known and in order. */
export function walkSections(reader: BinaryReader): readonly Section[] {
  const sections: Section[] = [];
  let place = -1;
  while (!reader.done) {
    const at = reader.at;
    const id = reader.u8();
    const size = reader.u32();
    if (size > reader.end - reader.at) {
      throw new MalformedModule(`section ${sectionName(id)} is cut off`, at);
    }
    sections.push({ id, start: reader.at, end: reader.at + size });
    reader.skip(size);
    if (id === SECTION.custom) continue;
    const next = SECTION_ORDER.indexOf(id);
    if (next < 0) throw new MalformedModule(`section ${id} is unknown`, at);
    if (next <= place) throw new MalformedModule(`section ${sectionName(id)} is out of order`, at);
    place = next;
  }
  return sections;
}

export function sectionOf(sections: readonly Section[], id: number): Section | undefined {
  return sections.find((section) => section.id === id);
}
