import type { BinaryReader } from '../binary-reader.ts';
import { MalformedModule } from '../binary-reader.ts';
import { RefusedModule } from '../read-shape.ts';

/** What an instruction is to the meter. */
export const PLAIN = 0;
/** Opens a block that no branch runs again. */
export const OPEN = 1;
export const LOOP = 2;
export const CLOSE = 3;
export const CALL = 4;
/** Work by a number of bytes on top of the stack. */
export const BULK_BYTES = 5;
/** Work by a number of table entries on top of the stack. */
export const BULK_ENTRIES = 6;
export const MEMORY_GROW = 7;
export const TABLE_GROW = 8;
export const GLOBAL = 9;

/** Units of fuel for a call; functions that cost no more and go nowhere are paid by it. */
export const CALL_COST = 10;
const SLOW_COST = 8;
const SIMD_COST = 2;

/** Divisions, remainders and square roots: several times an addition. */
const SLOW = new Uint8Array(256);
for (const op of [0x6d, 0x6e, 0x6f, 0x70, 0x7f, 0x80, 0x81, 0x82, 0x91, 0x95, 0x9f, 0xa3])
  SLOW[op] = 1;

const KIND = new Uint8Array(256).fill(PLAIN);
KIND[0x02] = OPEN;
KIND[0x04] = OPEN;
KIND[0x03] = LOOP;
KIND[0x0b] = CLOSE;
for (const op of [0x10, 0x11, 0x12, 0x13]) KIND[op] = CALL;
KIND[0x23] = GLOBAL;
KIND[0x24] = GLOBAL;
KIND[0x40] = MEMORY_GROW;

/** Immediates by opcode: see `skipImmediates`. */
const NONE = 1;
const BLOCK_TYPE = 2;
const ONE_INDEX = 3;
const TWO_INDEXES = 4;
const BRANCH_TABLE = 5;
const TYPES = 6;
const MEMORY_ARGUMENT = 7;
const FOUR_BYTES = 8;
const EIGHT_BYTES = 9;

/** 0 = unknown, refused. */
const IMMEDIATES = new Uint8Array(256);
const immediates = (kind: number, ...ranges: readonly (readonly [number, number])[]) => {
  for (const [from, to] of ranges) IMMEDIATES.fill(kind, from, to + 1);
};
immediates(NONE, [0x00, 0x01], [0x05, 0x05], [0x0b, 0x0b], [0x0f, 0x0f], [0x1a, 0x1b]);
immediates(NONE, [0x45, 0xc4], [0xd1, 0xd1]);
immediates(BLOCK_TYPE, [0x02, 0x04]);
immediates(ONE_INDEX, [0x0c, 0x0d], [0x10, 0x10], [0x12, 0x12], [0x20, 0x26], [0x3f, 0x42]);
immediates(ONE_INDEX, [0xd0, 0xd0], [0xd2, 0xd2]);
immediates(TWO_INDEXES, [0x11, 0x11], [0x13, 0x13]);
immediates(BRANCH_TABLE, [0x0e, 0x0e]);
immediates(TYPES, [0x1c, 0x1c]);
immediates(MEMORY_ARGUMENT, [0x28, 0x3e]);
immediates(FOUR_BYTES, [0x43, 0x43]);
immediates(EIGHT_BYTES, [0x44, 0x44]);

const NUMERIC_PREFIX = 0xfc;
const VECTOR_PREFIX = 0xfd;
const PREFIX_NAMES: Readonly<Record<number, string>> = {
  251: 'garbage collection',
  254: 'threads',
};

/** One decoded instruction; reused, because a module has millions. */
export class Instruction {
  kind = PLAIN;
  cost = 1;
  /** The global's index where the kind is GLOBAL. */
  index = 0;

  /** Reads the next instruction with all its immediates; refuses those that nobody metered. */
  read(reader: BinaryReader): void {
    const op = reader.u8();
    this.kind = KIND[op];
    this.cost = 1;
    if (this.kind === CALL) this.cost = CALL_COST;
    else if (SLOW[op] === 1) this.cost = SLOW_COST;
    if (op === NUMERIC_PREFIX) this.#numeric(reader);
    else if (op === VECTOR_PREFIX) this.#vector(reader);
    else if (this.kind === GLOBAL) this.index = reader.u32();
    else skipImmediates(reader, op);
  }

  #numeric(reader: BinaryReader): void {
    const op = reader.u32();
    if (op > 17) throw unknown(`0xfc ${op}`);
    if (op < 8) return;
    reader.u32();
    if (op === 8 || op === 10 || op === 12 || op === 14) reader.u32();
    if (op === 8 || op === 10 || op === 11) this.kind = BULK_BYTES;
    else if (op === 12 || op === 14 || op === 17) this.kind = BULK_ENTRIES;
    else if (op === 15) this.kind = TABLE_GROW;
  }

  #vector(reader: BinaryReader): void {
    const op = reader.u32();
    this.cost = SIMD_COST;
    if (op <= 11 || op === 92 || op === 93) skipMemoryArgument(reader);
    else if (op === 12 || op === 13) reader.skip(16);
    else if (op >= 21 && op <= 34) reader.skip(1);
    else if (op >= 84 && op <= 91) {
      skipMemoryArgument(reader);
      reader.skip(1);
    } else if (op > 0x114) throw unknown(`0xfd ${op}`);
  }
}

function skipImmediates(reader: BinaryReader, op: number): void {
  const kind = IMMEDIATES[op];
  if (kind === ONE_INDEX) {
    reader.skipLeb();
  } else if (kind === MEMORY_ARGUMENT) {
    skipMemoryArgument(reader);
  } else if (kind === BLOCK_TYPE) {
    skipBlockType(reader);
  } else if (kind === TWO_INDEXES) {
    reader.skipLeb();
    reader.skipLeb();
  } else if (kind === BRANCH_TABLE) {
    for (let labels = reader.u32(); labels >= 0; labels--) reader.u32();
  } else if (kind === TYPES) {
    reader.skip(reader.u32());
  } else if (kind === FOUR_BYTES) {
    reader.skip(4);
  } else if (kind === EIGHT_BYTES) {
    reader.skip(8);
  } else if (kind !== NONE) {
    throw unknown(`0x${op.toString(16)}`, op);
  }
}

const REF_NULL = 0x63;
const REF = 0x64;

function skipBlockType(reader: BinaryReader): void {
  const first = reader.bytes[reader.at];
  if (first === REF_NULL || first === REF) throw unknown('a block of typed references');
  reader.skipLeb();
}

/** Alignment and offset; bit 6 of the alignment would bring a memory's index. */
function skipMemoryArgument(reader: BinaryReader): void {
  const flags = reader.u32();
  if (flags >= 64) throw new MalformedModule('a memory argument is not valid', reader.at);
  reader.skipLeb();
}

function unknown(what: string, op = 0): RefusedModule {
  const proposal = op >= 0x06 && op <= 0x1f ? 'exception handling or typed calls' : 'a proposal';
  const feature = PREFIX_NAMES[op] ?? proposal;
  return new RefusedModule(
    'unsupported',
    `uses ${feature} (instruction ${what}), which filters may not`,
  );
}
