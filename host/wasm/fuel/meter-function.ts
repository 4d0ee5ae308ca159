import { type BinaryReader, MalformedModule } from '../binary-reader.ts';
import type { PositionRecorder } from '../source/positions.ts';
import type { BinaryWriter } from './binary-writer.ts';
import {
  BULK_BYTES,
  BULK_ENTRIES,
  CALL,
  CALL_COST,
  CLOSE,
  GLOBAL,
  Instruction,
  LOOP,
  MEMORY_GROW,
  OPEN,
  TABLE_GROW,
} from './instructions.ts';

export interface FuelPlace {
  /** Index of the fuel global: one behind the module's own. */
  readonly global: number;
  /** Parameters of the function, which come before its locals. */
  readonly parameters: number;
}

/** Flat fuel of an instruction whose work is not in its length. */
const BULK_BASE = 250;
const GROW_BASE = 20_000;
/** Beyond, an operation on a table fails at once: tables are capped far below. */
const ENTRIES_MASK = 0xfffff;

/** Behind a memory.grow; no kind of instruction. */
const GROWN = -1;

/** Where code goes in, and for what. Arrays side by side, kept from one function to the next. */
class Points {
  count = 0;
  readonly at: number[] = [];
  readonly kind: number[] = [];
  readonly cost: number[] = [];

  add(at: number, kind: number): number {
    this.at[this.count] = at;
    this.kind[this.count] = kind;
    this.cost[this.count] = 0;
    return this.count++;
  }
}

/**
 * Copies function bodies and puts checks in: at the head of each loop the cost of one round, on
 * entry the cost of all that is in no loop, before bulk operations the cost of their length. Each
 * takes its cost off the fuel and traps below zero. Nothing is renumbered, no stack is touched.
 */
export class FunctionMeter {
  readonly #writer: BinaryWriter;
  readonly #positions: PositionRecorder;
  readonly #points = new Points();
  readonly #instruction = new Instruction();
  /** For each open block the loop that pays for it; -1 is the function itself. */
  readonly #payers: number[] = [];
  #ownCost = 0;
  #leaf = true;
  #scratch = false;

  constructor(writer: BinaryWriter, positions: PositionRecorder) {
    this.#writer = writer;
    this.#positions = positions;
  }

  /** Writes the metered form of the body that `reader` stands at the beginning of. */
  write(reader: BinaryReader, place: FuelPlace): void {
    const start = reader.at;
    const groups = reader.u32();
    const groupsAt = reader.at;
    let locals = place.parameters;
    for (let i = 0; i < groups; i++) {
      locals += reader.u32();
      reader.u8();
    }
    const codeAt = reader.at;
    this.#scan(reader, place.global);
    const writer = this.#writer;
    const mark = writer.beginSized();
    if (this.#scratch) {
      writer.u32(groups + 1);
      writer.copy(reader.bytes, groupsAt, codeAt);
      writer.u32(1);
      writer.u8(0x7f);
    } else {
      writer.copy(reader.bytes, start, codeAt);
    }
    if (!this.#leaf || this.#ownCost > CALL_COST) this.#charge(place.global, this.#ownCost);
    this.#copyCode(reader, codeAt, { fuel: place.global, scratch: locals });
    writer.endSized(mark);
  }

  #scan(reader: BinaryReader, globals: number): void {
    const points = this.#points;
    const payers = this.#payers;
    const instruction = this.#instruction;
    points.count = 0;
    payers.length = 1;
    payers[0] = -1;
    this.#ownCost = 1;
    this.#leaf = true;
    this.#scratch = false;
    while (!reader.done) {
      if (payers.length === 0) throw new MalformedModule('code follows a body', reader.at);
      const at = reader.at;
      instruction.read(reader);
      const payer = payers[payers.length - 1];
      if (payer < 0) this.#ownCost += instruction.cost;
      else points.cost[payer] += instruction.cost;
      const { kind } = instruction;
      if (kind === OPEN) payers.push(payer);
      else if (kind === CLOSE) payers.pop();
      else if (kind === LOOP) payers.push(points.add(reader.at, LOOP));
      else if (kind === GLOBAL && instruction.index >= globals) {
        // Valid once the fuel's global is there, and then the guest could fill it up.
        throw new MalformedModule(`global ${instruction.index} does not exist`, at);
      } else if (kind >= BULK_BYTES && kind <= TABLE_GROW) {
        points.add(at, kind);
        if (kind === MEMORY_GROW) points.add(reader.at, GROWN);
        this.#scratch = true;
      }
      if (kind === LOOP || kind === CALL) this.#leaf = false;
    }
    if (payers.length !== 0) throw new MalformedModule('a body is cut off', reader.at);
  }

  #copyCode(
    reader: BinaryReader,
    codeAt: number,
    indexes: { readonly fuel: number; readonly scratch: number },
  ): void {
    const { at, kind, cost, count } = this.#points;
    let from = codeAt;
    for (let i = 0; i < count; i++) {
      this.#copyPiece(reader.bytes, from, at[i]);
      from = at[i];
      if (kind[i] === LOOP) this.#charge(indexes.fuel, cost[i] + 1);
      else if (kind[i] === GROWN) this.#noteGrowth(indexes);
      else this.#chargeBulk(indexes, kind[i]);
    }
    this.#copyPiece(reader.bytes, from, reader.end);
  }

  #copyPiece(bytes: Uint8Array, from: number, to: number): void {
    this.#positions.piece(this.#writer.length, from);
    this.#writer.copy(bytes, from, to);
  }

  #charge(fuel: number, cost: number): void {
    const writer = this.#writer;
    writer.u8(0x23); // global.get
    writer.u32(fuel);
    writer.u8(0x41); // i32.const
    writer.i32(cost);
    writer.u8(0x6b); // i32.sub
    this.#store(fuel);
  }

  /** The length stands on top of the stack: set aside, charged for, put back. */
  #chargeBulk(indexes: { readonly fuel: number; readonly scratch: number }, kind: number): void {
    const writer = this.#writer;
    const { fuel, scratch } = indexes;
    writer.u8(0x21); // local.set
    writer.u32(scratch);
    writer.u8(0x23); // global.get
    writer.u32(fuel);
    if (kind !== MEMORY_GROW) {
      writer.u8(0x20); // local.get
      writer.u32(scratch);
      writer.u8(0x41); // i32.const
      writer.i32(kind === BULK_BYTES ? 4 : ENTRIES_MASK);
      writer.u8(kind === BULK_BYTES ? 0x76 : 0x71); // i32.shr_u, i32.and
      if (kind !== BULK_BYTES) for (const byte of [0x41, 4, 0x74]) writer.u8(byte); // i32.shl 4
      writer.u8(0x6b); // i32.sub
    }
    writer.u8(0x41); // i32.const
    writer.i32(kind === BULK_BYTES || kind === BULK_ENTRIES ? BULK_BASE : GROW_BASE);
    writer.u8(0x6b); // i32.sub
    this.#store(fuel);
    writer.u8(0x20); // local.get
    writer.u32(scratch);
  }

  /** A refusal (-1 on top of the stack) is noted in the global behind the fuel's. */
  #noteGrowth(indexes: { readonly fuel: number; readonly scratch: number }): void {
    const writer = this.#writer;
    writer.u8(0x22); // local.tee
    writer.u32(indexes.scratch);
    for (const byte of [0x41, 0x7f, 0x46, 0x04, 0x40, 0x41, 0x01, 0x24]) writer.u8(byte); // == -1 ?
    writer.u32(indexes.fuel + 1); // global.set
    writer.u8(0x0b); // end
    writer.u8(0x20); // local.get
    writer.u32(indexes.scratch);
  }

  /** Stores what is on the stack as the fuel left, and traps where that is below zero. */
  #store(fuel: number): void {
    const writer = this.#writer;
    writer.u8(0x24); // global.set
    writer.u32(fuel);
    writer.u8(0x23); // global.get
    writer.u32(fuel);
    writer.u8(0x41); // i32.const 0
    writer.u8(0x00);
    writer.u8(0x48); // i32.lt_s
    writer.u8(0x04); // if
    writer.u8(0x40);
    writer.u8(0x00); // unreachable
    writer.u8(0x0b); // end
  }
}
