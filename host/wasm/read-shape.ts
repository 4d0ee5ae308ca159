import { BinaryReader, MalformedModule } from './binary-reader.ts';
import type { ModuleLimits } from './limits.ts';
import {
  EXTERNAL,
  type FunctionImport,
  type Limits,
  type ModuleExport,
  type ModuleShape,
  SECTION,
  type Section,
  sectionName,
  sectionOf,
  type TableType,
  walkSections,
} from './module-shape.ts';

/** The artefact is well-formed but nothing that this host takes. */
export class RefusedModule extends Error {
  readonly fault: 'tooLarge' | 'unsupported';

  constructor(fault: 'tooLarge' | 'unsupported', message: string) {
    super(message);
    this.fault = fault;
  }
}

const TYPE_LETTERS: Readonly<Record<number, string>> = {
  127: 'i',
  126: 'I',
  125: 'f',
  124: 'F',
  123: 'v',
  112: 'r',
  111: 'x',
};
const FUNCTION_TYPE = 0x60;
const FUNCREF = 0x70;
const EXTERNREF = 0x6f;
const TYPE_PARTS_MAX = 1000;

/**
 * Reads what a module declares, with its own limits and before the engine sees a byte: numbers in
 * a file of a few bytes may ask for gigabytes. Throws MalformedModule or RefusedModule.
 */
export function readShape(bytes: Uint8Array, limits: ModuleLimits): ModuleShape {
  const sections = walkSections(new BinaryReader(bytes, 8));
  if (sectionOf(sections, SECTION.tag) !== undefined) throw unsupported('exception handling');
  const read = <T>(id: number, item: (reader: BinaryReader) => T, max: number): T[] =>
    readVector(bytes, sectionOf(sections, id), item, max);
  const imported = read(SECTION.import, readImport, limits.importsMax);
  const functions = read(SECTION.function, (reader) => reader.u32(), limits.functionsMax);
  checkBodies(bytes, sectionOf(sections, SECTION.code), functions.length, limits);
  return {
    sections,
    types: read(SECTION.type, readType, limits.typesMax),
    imports: imported,
    functions,
    exports: new Map(read(SECTION.export, readExport, limits.exportsMax)),
    memories: read(SECTION.memory, (reader) => readLimits(reader, 'memory'), 1),
    tables: read(SECTION.table, readTable, 16),
    globals: countOf(bytes, sectionOf(sections, SECTION.global), limits.globalsMax),
    segments:
      countOf(bytes, sectionOf(sections, SECTION.element), limits.segmentsMax) +
      countOf(bytes, sectionOf(sections, SECTION.data), limits.segmentsMax),
    start: readStart(bytes, sectionOf(sections, SECTION.start)),
  };
}

function readVector<T>(
  bytes: Uint8Array,
  section: Section | undefined,
  item: (reader: BinaryReader) => T,
  max: number,
): T[] {
  if (section === undefined) return [];
  const reader = new BinaryReader(bytes, section.start, section.end);
  const count = reader.u32();
  if (count > max) throw tooMany(section, count, max);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(item(reader));
  if (!reader.done) {
    throw new MalformedModule(`section ${sectionName(section.id)} is too long`, reader.at);
  }
  return items;
}

function countOf(bytes: Uint8Array, section: Section | undefined, max: number): number {
  if (section === undefined) return 0;
  const count = new BinaryReader(bytes, section.start, section.end).u32();
  if (count > max) throw tooMany(section, count, max);
  return count;
}

function readType(reader: BinaryReader): string {
  if (reader.u8() !== FUNCTION_TYPE) throw unsupported('garbage-collected types');
  const parameters = readTypes(reader);
  return `${parameters}>${readTypes(reader)}`;
}

function readTypes(reader: BinaryReader): string {
  const count = reader.u32();
  if (count > TYPE_PARTS_MAX) throw new MalformedModule('a function type is too long', reader.at);
  let types = '';
  for (let i = 0; i < count; i++) {
    const letter = TYPE_LETTERS[reader.u8()];
    if (letter === undefined) throw unsupported('garbage-collected or typed references');
    types += letter;
  }
  return types;
}

function readImport(reader: BinaryReader): FunctionImport {
  const module = reader.name();
  const name = reader.name();
  const kind = reader.u8();
  if (kind === EXTERNAL.function) return { module, name, type: reader.u32() };
  const what = Object.keys(EXTERNAL)[kind] ?? 'thing';
  const advice = kind === EXTERNAL.memory ? '; it must define and export its own' : '';
  throw new RefusedModule('unsupported', `imports a ${what}, ${module}.${name}${advice}`);
}

function readExport(reader: BinaryReader): [string, ModuleExport] {
  const name = reader.name();
  const kind = reader.u8();
  return [name, { kind, index: reader.u32() }];
}

function readTable(reader: BinaryReader): TableType {
  const type = reader.u8();
  if (type !== FUNCREF && type !== EXTERNREF) throw unsupported('typed references');
  return { type, limits: readLimits(reader, 'table') };
}

function readLimits(reader: BinaryReader, of: string): Limits {
  const flags = reader.u8();
  if ((flags & 2) !== 0) throw unsupported(`shared memory and threads (of its ${of})`);
  if ((flags & 4) !== 0) throw unsupported(`64-bit addresses (of its ${of})`);
  if (flags > 1) throw unsupported(`a ${of} with custom page sizes`);
  const min = reader.u32();
  return { min, max: flags === 1 ? reader.u32() : null };
}

function readStart(bytes: Uint8Array, section: Section | undefined): number | null {
  if (section === undefined) return null;
  return new BinaryReader(bytes, section.start, section.end).u32();
}

/** Sizes and locals of all functions: the engine takes memory and time by them. */
function checkBodies(
  bytes: Uint8Array,
  section: Section | undefined,
  functions: number,
  limits: ModuleLimits,
): void {
  const { functionBytesMax, localsMax } = limits;
  const reader = new BinaryReader(bytes, section?.start ?? 0, section?.end ?? 0);
  const count = section === undefined ? 0 : reader.u32();
  if (count !== functions) {
    throw new MalformedModule(`declares ${functions} functions and has ${count}`, reader.at);
  }
  for (let index = 0; index < count; index++) {
    const size = reader.u32();
    if (size > functionBytesMax) {
      const message = `function ${index} has ${size} bytes, the limit is ${functionBytesMax}`;
      throw new RefusedModule('tooLarge', message);
    }
    const locals = countLocals(reader.slice(size));
    if (locals > localsMax) {
      const message = `function ${index} has ${locals} locals, the limit is ${localsMax}`;
      throw new RefusedModule('tooLarge', message);
    }
  }
}

function countLocals(body: BinaryReader): number {
  const groups = body.u32();
  let locals = 0;
  for (let i = 0; i < groups; i++) {
    locals += body.u32();
    body.u8();
  }
  return locals;
}

function unsupported(feature: string): RefusedModule {
  return new RefusedModule('unsupported', `uses ${feature}, which filters may not`);
}

function tooMany(section: Section, count: number, max: number): RefusedModule {
  const name = sectionName(section.id);
  return new RefusedModule('tooLarge', `section ${name} has ${count} entries, the limit is ${max}`);
}
