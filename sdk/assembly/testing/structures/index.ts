import { allocate, enter, leave } from '@lateen/sdk/assembly/arena';
import { durationMs, lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { ByteMap } from '@lateen/sdk/assembly/bytes/byte-map';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { formatInteger, parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { RecordTable } from '@lateen/sdk/assembly/bytes/record-table';
import { utf8, utf8Size } from '@lateen/sdk/assembly/bytes/text';
import { refuseConfiguration } from '@lateen/sdk/assembly/host/configuration';
import { HeaderValues } from '@lateen/sdk/assembly/host/header-values';
import { setStreamTimer } from '@lateen/sdk/assembly/host/lateen';
import { encodePairs, PairReader } from '@lateen/sdk/assembly/host/pairs';
import { Regex } from '@lateen/sdk/assembly/host/regex';
import { writeSink } from '@lateen/sdk/assembly/host/sink';
import {
  JSON_ARRAY,
  JSON_BOOLEAN,
  JSON_NULL,
  JSON_NUMBER,
  JSON_STRING,
  Json,
} from '@lateen/sdk/assembly/json/json';
import { JsonParser } from '@lateen/sdk/assembly/json/json-parser';

/** Data structures of the SDK, called one by one by structures.test.ts. Texts go through `input`. */
export { proxy_on_memory_allocate } from '@lateen/sdk/assembly/exports/module';

const input = new Bytes();
const ids = new IdMap<i32>();
const keys = new ByteMap<i32>();
const records = new RecordTable(16);

export let outputSize = 0;

/** Room for `size` bytes that the next call reads. */
export function prepare(size: i32): usize {
  const pointer = heap.alloc(size);
  input.point(pointer, size);
  return pointer;
}

function give(text: string): usize {
  const pointer = utf8(text);
  outputSize = utf8Size;
  return pointer;
}

export function idSet(id: i32, value: i32): void {
  ids.set(id, value);
}

export function idGet(id: i32): i32 {
  return ids.get(id, -1);
}

export function idRemove(id: i32): void {
  ids.remove(id);
}

export function idCount(): i32 {
  return ids.size;
}

export function keySet(value: i32): void {
  keys.set(input.copy(), value);
}

export function keyGet(): i32 {
  return keys.get(input.pointer, input.size, -1);
}

/** Adds to the first word of the id's record and returns it. */
export function recordAdd(id: i32, by: i32): i32 {
  const record = records.open(id);
  store<i32>(record, load<i32>(record) + by);
  return load<i32>(record);
}

export function recordClose(id: i32): void {
  records.close(id);
}

export function recordKnown(id: i32): bool {
  return records.find(id) !== 0;
}

export function integerOf(): i64 {
  return parseInteger(input) ? parsedInteger : i64.MIN_VALUE;
}

export function formatted(value: i64): usize {
  enter();
  const bytes = formatInteger(value, new Bytes());
  outputSize = bytes.size;
  leave();
  return bytes.pointer;
}

export function durationOf(): f64 {
  return durationMs(input.toString());
}

export function lowered(): usize {
  enter();
  const pointer = give(lowerText(input.toString()));
  leave();
  return pointer;
}

/** The text decoded and encoded again. */
export function recoded(): usize {
  enter();
  const pointer = give(input.toString());
  leave();
  return pointer;
}

/** The JSON text parsed and written again, or `!` and the problem. */
export function parsed(): usize {
  enter();
  const parser = new JsonParser();
  const json = parser.parse(input);
  const pointer = give(json === null ? '!' + parser.problem : written(json));
  leave();
  return pointer;
}

export function pairCount(): i32 {
  const reader = new PairReader();
  reader.open(input.pointer, input.size);
  let count = 0;
  while (reader.next()) count++;
  return count;
}

/** Distance of two allocations, so that a test sees that they don't overlap. */
export function allocations(first: i32, second: i32): i32 {
  enter();
  const a = allocate(first);
  const b = allocate(second);
  memory.fill(a, 1, first);
  memory.fill(b, 2, second);
  const clean = first === 0 || load<u8>(a + first - 1) === 1;
  leave();
  return clean ? 1 : 0;
}

function written(json: Json): string {
  if (json.kind === JSON_NULL) return 'null';
  if (json.kind === JSON_BOOLEAN) return json.flag ? 'true' : 'false';
  if (json.kind === JSON_NUMBER) return isFinite(json.number) ? json.number.toString() : '1e308';
  if (json.kind === JSON_STRING) return quoted(json.text);
  const isArray = json.kind === JSON_ARRAY;
  let text = isArray ? '[' : '{';
  for (let i = 0; i < json.items.length; i++) {
    if (i > 0) text += ',';
    if (!isArray) text += quoted(json.keys[i]) + ':';
    text += written(json.items[i]);
  }
  return text + (isArray ? ']' : '}');
}

function quoted(text: string): string {
  let result = '"';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22 || unit === 0x5c) result += '\\' + text.charAt(i);
    else if (unit < 0x20) result += '\\u00' + (unit < 16 ? '0' : '') + unit.toString(16);
    else result += text.charAt(i);
  }
  return result + '"';
}

/** The pairs of the input, read and encoded again. */
export function pairsAgain(): usize {
  enter();
  const reader = new PairReader();
  const texts: string[] = [];
  reader.open(input.pointer, input.size);
  while (reader.next()) {
    texts.push(reader.name.toString());
    texts.push(reader.value.toString());
  }
  const pointer = encodePairs(texts);
  leave();
  return pointer;
}

export function headerValues(): void {
  enter();
  new HeaderValues().open(0, Bytes.of('x-many'));
  leave();
}

export function regexMatch(): void {
  enter();
  new Regex(1).matches(Bytes.of('/a'));
  leave();
}

export function regexReplace(): void {
  enter();
  new Regex(1).replaceAll(Bytes.of('/a'), Bytes.of('/b\\1'), new Bytes());
  leave();
}

export function timer(milliseconds: i32): void {
  enter();
  setStreamTimer(milliseconds);
  leave();
}

export function line(sink: i32): void {
  enter();
  const text = Bytes.of('line\n');
  const start = allocate(4 + text.size);
  memory.copy(start + 4, text.pointer, text.size);
  writeSink(sink, start, text.size);
  leave();
}

export function refusal(): void {
  enter();
  refuseConfiguration('a.b', 'is wrong');
  leave();
}

/** Takes a block of so many bytes, its first and last set to `mark`. */
export function heapTake(size: i32, mark: i32): usize {
  const block = heap.alloc(size);
  if (size > 0) store<u8>(block, <u8>mark);
  if (size > 0) store<u8>(block + size - 1, <u8>mark);
  return block;
}

/** Whether both marks still stand. */
export function heapHolds(block: usize, size: i32, mark: i32): bool {
  return size === 0 || (load<u8>(block) === mark && load<u8>(block + size - 1) === mark);
}

export function heapResize(block: usize, size: i32): usize {
  return heap.realloc(block, size);
}

export function heapGive(block: usize): void {
  heap.free(block);
}

export function heapPages(): i32 {
  return memory.size();
}
