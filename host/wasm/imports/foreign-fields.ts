import * as ext from '@lateen/sdk/abi/extensions';
import * as maps from '@lateen/sdk/abi/maps';
import * as status from '@lateen/sdk/abi/status';
import { NO_BYTES } from '@lateen/sdk/base/bytes';
import { type HeaderName, headerName } from '../../http/header-map.ts';
import { PropertyPath, type StreamEffects } from '../effects.ts';
import type { Guest } from '../guest.ts';
import { FieldSink, type TextMemo } from './field-sink.ts';
import type { ForeignFunctions } from './foreign-answer.ts';

/** Where a field of a set is found: a property of the stream, or a header of one of its maps. */
interface Field {
  /** Null: a header. */
  readonly path: PropertyPath | null;
  readonly map: number;
  readonly name: HeaderName;
  readonly joined: boolean;
  readonly memo: TextMemo;
}

const HEAD_BYTES = 5;
const FIELDS_MAX = 256;
const NAME_BYTES_MAX = 256;
/** Bytes for the address and the size of each value. */
const ENTRY_BYTES = 8;

/** Many values of a stream in one call: a log line of 24 fields costs one crossing, not 48. */
export function foreignFields(guest: Guest): ForeignFunctions {
  const { memory } = guest;
  const sets: (readonly Field[])[] = [];
  const sink = new FieldSink(memory);
  return {
    [ext.FN_FIELDS_DEFINE](start, end, answer) {
      if (sets.length >= guest.options.limits.fieldSetsMax) return status.INTERNAL_FAILURE;
      const fields = parseFields(memory.copy(start, end - start));
      if (fields === null) return status.BAD_ARGUMENT;
      sets.push(fields);
      return answer.u32(sets.length);
    },
    [ext.FN_FIELDS_READ](start, end, answer) {
      const { effects } = guest;
      if (end - start !== 12 || effects === null) return status.BAD_ARGUMENT;
      const fields = sets[memory.u32(start) - 1];
      if (fields === undefined) return status.NOT_FOUND;
      const address = memory.u32(start + 4);
      const size = memory.u32(start + 8);
      if (!memory.has(address, size)) return status.INVALID_MEMORY_ACCESS;
      guest.charge(fields.length << 7);
      if (size < fields.length * ENTRY_BYTES) return status.EMPTY;
      sink.open(address + fields.length * ENTRY_BYTES, address + size);
      for (let i = 0; i < fields.length; i++) {
        const field = fields[i];
        sink.begin(address + i * ENTRY_BYTES, field.memo);
        const read =
          field.path === null
            ? readHeader(field, effects, sink)
            : effects.readPropertyAt(field.path, sink);
        if (read !== status.OK) sink.absent();
      }
      return sink.overflowed ? status.EMPTY : answer.nothing();
    },
  };
}

function readHeader(field: Field, effects: StreamEffects, sink: FieldSink): number {
  const map = effects.headerMap(field.map);
  if (map === null) return status.NOT_FOUND;
  const slot = map.findName(field.name);
  if (slot < 0) return status.NOT_FOUND;
  if (!field.joined || map.findName(field.name, slot + 1) < 0) {
    return sink.bytes(map.valueBytes(slot), map.valueStart(slot), map.valueEnd(slot));
  }
  const joined = Buffer.from(map.getAll(field.name).join(','), 'latin1');
  return sink.bytes(joined, 0, joined.length);
}

/** Null where the bytes do not hold what they say, or ask for too much. */
function parseFields(bytes: Uint8Array): readonly Field[] | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (fields.length === FIELDS_MAX || bytes.length - at < HEAD_BYTES) return null;
    const size = view.getUint32(at + 1, true);
    const from = at + HEAD_BYTES;
    if (size > NAME_BYTES_MAX || size > bytes.length - from) return null;
    const field = makeField(view.getUint8(at), bytes.slice(from, from + size));
    if (field === null) return null;
    fields.push(field);
    at = from + size;
  }
  return fields;
}

function makeField(kind: number, bytes: Uint8Array): Field | null {
  const memo = { text: '', bytes: NO_BYTES };
  if (kind === ext.FIELD_PROPERTY) {
    return { path: new PropertyPath(bytes), map: 0, name: NO_NAME, joined: false, memo };
  }
  const joined = kind >= ext.FIELD_JOINED_HEADER;
  const map = kind - (joined ? ext.FIELD_JOINED_HEADER : ext.FIELD_HEADER);
  if (map > maps.RESPONSE_TRAILERS) return null;
  const name = headerName(Buffer.from(bytes).toString('latin1'));
  return { path: null, map, name, joined, memo };
}

const NO_NAME = headerName('');
