import { BinaryReader } from '../binary-reader.ts';
import type { ModuleLimits } from '../limits.ts';
import {
  EXTERNAL,
  type Limits,
  type ModuleShape,
  SECTION,
  SECTION_ORDER,
  type Section,
} from '../module-shape.ts';
import { PositionRecorder } from '../source/positions.ts';
import { BinaryWriter } from './binary-writer.ts';
import { FunctionMeter } from './meter-function.ts';
import { FUEL_EXPORT, GROWTH_EXPORT, START_EXPORT } from './reserved.ts';

export interface RewrittenModule {
  readonly bytes: Uint8Array;
  /** For `originalPosition`. */
  readonly pieces: Uint32Array;
}

/**
 * Rewrites a module that nobody vouches for: a fuel counter that every loop, call and bulk
 * operation pays into, memory and tables capped, the start section put off until the host can
 * reach the memory. Of custom sections only the names stay, for stack traces.
 *
 * The fuel is a mutable i32 global that starts with nothing; the host reaches it through a function,
 * which is cheaper for it than the global itself.
 */
export function meterModule(
  bytes: Uint8Array,
  shape: ModuleShape,
  limits: ModuleLimits,
): RewrittenModule {
  const writer = new BinaryWriter(Math.ceil(bytes.length * 1.25) + 1024);
  const positions = new PositionRecorder();
  rewrite(writer, bytes, shape, {
    [SECTION.type]: (section) => {
      const added = [FUNCTION_TYPE, 1, I32, 1, I32];
      writeLonger(writer, bytes, section, { id: SECTION.type, count: shape.types.length, added });
    },
    [SECTION.function]: (section) => {
      const added = leb(shape.types.length);
      const count = shape.functions.length;
      writeLonger(writer, bytes, section, { id: SECTION.function, count, added });
    },
    [SECTION.table]: () => writeTables(writer, shape, limits),
    [SECTION.memory]: () => writeMemories(writer, shape, limits),
    [SECTION.global]: (section) => writeGlobals(writer, bytes, section, shape),
    [SECTION.export]: (section) => writeExports(writer, bytes, section, shape),
    [SECTION.start]: () => undefined,
    [SECTION.code]: (section) => writeCode({ writer, positions }, bytes, section, shape),
  });
  return { bytes: writer.finish(), pieces: positions.finish() };
}

/** A module that is trusted: only memory and tables are capped. */
export function capModule(
  bytes: Uint8Array,
  shape: ModuleShape,
  limits: ModuleLimits,
): RewrittenModule {
  const writer = new BinaryWriter(bytes.length + 1024);
  const positions = new PositionRecorder();
  rewrite(writer, bytes, shape, {
    [SECTION.table]: () => writeTables(writer, shape, limits),
    [SECTION.memory]: () => writeMemories(writer, shape, limits),
    [SECTION.code]: (section) => {
      if (section === undefined) return;
      copySection(writer, bytes, section);
      positions.piece(writer.length - (section.end - section.start), section.start);
    },
  });
  return { bytes: writer.finish(), pieces: positions.finish() };
}

type Rewriters = Partial<Record<number, (section: Section | undefined) => void>>;

function rewrite(
  writer: BinaryWriter,
  bytes: Uint8Array,
  shape: ModuleShape,
  rewriters: Rewriters,
): void {
  writer.copy(bytes, 0, 8);
  for (const id of SECTION_ORDER) {
    const section = shape.sections.find((one) => one.id === id);
    const rewriter = rewriters[id];
    if (rewriter !== undefined) rewriter(section);
    else if (section !== undefined) copySection(writer, bytes, section);
  }
  for (const section of shape.sections) {
    if (section.id === SECTION.custom && isNames(bytes, section)) {
      copySection(writer, bytes, section);
    }
  }
}

function copySection(writer: BinaryWriter, bytes: Uint8Array, section: Section): void {
  writer.u8(section.id);
  writer.u32(section.end - section.start);
  writer.copy(bytes, section.start, section.end);
}

function isNames(bytes: Uint8Array, section: Section): boolean {
  return new BinaryReader(bytes, section.start, section.end).name() === 'name';
}

function writeTables(writer: BinaryWriter, shape: ModuleShape, limits: ModuleLimits): void {
  if (shape.tables.length === 0) return;
  writer.u8(SECTION.table);
  const mark = writer.beginSized();
  writer.u32(shape.tables.length);
  for (const table of shape.tables) {
    writer.u8(table.type);
    writeLimits(writer, table.limits, limits.tableEntriesMax);
  }
  writer.endSized(mark);
}

function writeMemories(writer: BinaryWriter, shape: ModuleShape, limits: ModuleLimits): void {
  if (shape.memories.length === 0) return;
  writer.u8(SECTION.memory);
  const mark = writer.beginSized();
  writer.u32(shape.memories.length);
  for (const memory of shape.memories) {
    const { memoryPagesMax, memoryGrowthPagesMax } = limits;
    writeLimits(writer, memory, Math.min(memoryPagesMax, memory.min + memoryGrowthPagesMax));
  }
  writer.endSized(mark);
}

function writeLimits(writer: BinaryWriter, limits: Limits, cap: number): void {
  writer.u8(1);
  writer.u32(limits.min);
  writer.u32(Math.min(limits.max ?? cap, cap));
}

const I32 = 0x7f;
const FUNCTION_TYPE = 0x60;
/** `(global (mut i32) (i32.const 0))`. */
const COUNTER = [I32, 0x01, 0x41, 0x00, 0x0b];

/** Appends two counters: fuel, and refusals of memory. */
function writeGlobals(
  writer: BinaryWriter,
  bytes: Uint8Array,
  section: Section | undefined,
  shape: ModuleShape,
): void {
  const added = [...COUNTER, ...COUNTER];
  const count = shape.globals + 1;
  writeLonger(writer, bytes, section, { id: SECTION.global, count, added });
}

/** A section with something behind its entries, which makes them `count` + 1. */
function writeLonger(
  writer: BinaryWriter,
  bytes: Uint8Array,
  section: Section | undefined,
  longer: { readonly id: number; readonly count: number; readonly added: readonly number[] },
): void {
  writer.u8(longer.id);
  const mark = writer.beginSized();
  writer.u32(longer.count + 1);
  copyItems(writer, bytes, section);
  for (const byte of longer.added) writer.u8(byte);
  writer.endSized(mark);
}

function leb(value: number): readonly number[] {
  const writer = new BinaryWriter(5);
  writer.u32(value);
  return [...writer.finish()];
}

function writeExports(
  writer: BinaryWriter,
  bytes: Uint8Array,
  section: Section | undefined,
  shape: ModuleShape,
): void {
  writer.u8(SECTION.export);
  const mark = writer.beginSized();
  writer.u32(shape.exports.size + (shape.start === null ? 2 : 3));
  copyItems(writer, bytes, section);
  writer.name(FUEL_EXPORT);
  writer.u8(EXTERNAL.function);
  writer.u32(shape.imports.length + shape.functions.length);
  writer.name(GROWTH_EXPORT);
  writer.u8(EXTERNAL.global);
  writer.u32(shape.globals + 1);
  if (shape.start !== null) {
    writer.name(START_EXPORT);
    writer.u8(EXTERNAL.function);
    writer.u32(shape.start);
  }
  writer.endSized(mark);
}

/** The entries of a vector as they are, without their count. */
function copyItems(writer: BinaryWriter, bytes: Uint8Array, section: Section | undefined): void {
  if (section === undefined) return;
  const reader = new BinaryReader(bytes, section.start, section.end);
  reader.u32();
  writer.copy(bytes, reader.at, section.end);
}

function writeCode(
  { writer, positions }: { readonly writer: BinaryWriter; readonly positions: PositionRecorder },
  bytes: Uint8Array,
  section: Section | undefined,
  shape: ModuleShape,
): void {
  if (section === undefined) return;
  const parameters = shape.types.map((type) => type.indexOf('>'));
  const reader = new BinaryReader(bytes, section.start, section.end);
  const meter = new FunctionMeter(writer, positions);
  const count = reader.u32();
  writer.u8(SECTION.code);
  const mark = writer.beginSized();
  writer.u32(count + 1);
  for (let i = 0; i < count; i++) {
    const body = reader.slice(reader.u32());
    meter.write(body, { global: shape.globals, parameters: parameters[shape.functions[i]] ?? 0 });
  }
  writeExchange(writer, shape.globals);
  writer.endSized(mark);
}

/** Returns the fuel that is left and puts other fuel in its place: one call for the host. */
function writeExchange(writer: BinaryWriter, fuel: number): void {
  const mark = writer.beginSized();
  writer.u32(0);
  writer.u8(0x23); // global.get
  writer.u32(fuel);
  writer.u8(0x20); // local.get 0
  writer.u32(0);
  writer.u8(0x24); // global.set
  writer.u32(fuel);
  writer.u8(0x0b); // end
  writer.endSized(mark);
}
