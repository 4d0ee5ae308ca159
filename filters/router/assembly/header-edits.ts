import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { addHeader, hasHeader, removeHeader, setHeader } from '@lateen/sdk/assembly/host/headers';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { ValueFormat } from './value-format';

const APPEND = 0;
const ADD_IF_ABSENT = 1;
const OVERWRITE_OR_ADD = 2;
const OVERWRITE_IF_EXISTS = 3;

/** One `HeaderValueOption`. */
class HeaderEdit {
  private readonly name: Bytes;
  private readonly value: ValueFormat;
  private readonly action: i32;
  private readonly keepEmpty: bool;

  constructor(reader: JsonReader) {
    const header = reader.child('header');
    const name = lowerText(header.text('key'));
    if (name.length === 0) header.complain('key', 'is missing');
    refuseReserved(header, 'key', name);
    this.name = Bytes.of(name);
    this.value = ValueFormat.read(header, 'value');
    header.refuseUnread();
    this.action = readAction(reader);
    this.keepEmpty = reader.flag('keepEmptyValue');
    reader.refuseUnread();
  }

  apply(map: i32): void {
    const action = this.action;
    if (action === ADD_IF_ABSENT && hasHeader(map, this.name)) return;
    if (action === OVERWRITE_IF_EXISTS && !hasHeader(map, this.name)) return;
    const value = this.value.evaluate();
    if (value.size === 0 && !this.keepEmpty) return;
    if (action === APPEND) addHeader(map, this.name, value);
    else setHeader(map, this.name, value);
  }
}

/** What one scope (weighted cluster, route, virtual host, all routes) does to headers. */
export class HeaderEdits {
  private readonly added: Array<HeaderEdit> = [] as HeaderEdit[];
  private readonly removed: Array<Bytes> = [] as Bytes[];

  /** Null where the scope edits nothing. `prefix` is `request` or `response`. */
  static read(reader: JsonReader, prefix: string): HeaderEdits | null {
    const added = reader.children(prefix + 'HeadersToAdd');
    const removed = reader.texts(prefix + 'HeadersToRemove');
    if (added.length === 0 && removed.length === 0) return null;
    const edits = new HeaderEdits();
    for (let i = 0; i < added.length; i++) edits.added.push(new HeaderEdit(added[i]));
    for (let i = 0; i < removed.length; i++) {
      const name = lowerText(removed[i]);
      refuseReserved(reader, prefix + 'HeadersToRemove', name);
      edits.removed.push(Bytes.of(name));
    }
    return edits;
  }

  /** Removes before it adds, as Envoy does. */
  apply(map: i32): void {
    const removed = this.removed;
    for (let i = 0; i < removed.length; i++) removeHeader(map, unchecked(removed[i]));
    const added = this.added;
    for (let i = 0; i < added.length; i++) unchecked(added[i]).apply(map);
  }
}

function readAction(reader: JsonReader): i32 {
  if (reader.has('append')) return reader.flag('append') ? APPEND : OVERWRITE_OR_ADD;
  const name = reader.text('appendAction', 'APPEND_IF_EXISTS_OR_ADD');
  if (name === 'APPEND_IF_EXISTS_OR_ADD') return APPEND;
  if (name === 'ADD_IF_ABSENT') return ADD_IF_ABSENT;
  if (name === 'OVERWRITE_IF_EXISTS_OR_ADD') return OVERWRITE_OR_ADD;
  if (name !== 'OVERWRITE_IF_EXISTS') reader.complain('appendAction', 'is not known');
  return OVERWRITE_IF_EXISTS;
}

function refuseReserved(reader: JsonReader, field: string, name: string): void {
  if (!name.startsWith(':') && name !== 'host') return;
  reader.complain(field, ':-prefixed or host headers may not be modified');
}
