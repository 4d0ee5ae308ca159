import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { lastByte, writeByte, writeJson, writeLiteral, writeText } from '../line';
import { Operator } from '../operator/operator';

/** How a value is shown: in a text, inside a JSON string, or as a JSON value of its own. */
export const AS_TEXT = 0;
export const IN_JSON_STRING = 1;
export const AS_JSON_VALUE = 2;

const COMMA: u8 = 0x2c;
const DASH: u8 = 0x2d;
const QUOTE: u8 = 0x22;
const OPENING_BRACE: u8 = 0x7b;
const OPENING_BRACKET: u8 = 0x5b;
const NULL = Bytes.of('null');
const value = new Bytes();

/** Text of the format, and the operator that follows it, if one does. */
export class Piece {
  readonly literal: Bytes;
  private readonly operator: Operator | null;
  /** Begins a member or an element, so a comma goes in front unless it is the first one. */
  private readonly comma: bool;
  shownAs: i32 = AS_TEXT;
  sizeMax: i32 = i32.MAX_VALUE;
  /** Leaves out what has no value: `-` in a text, the whole member in JSON. */
  omitEmpty: bool = false;

  constructor(literal: Bytes, operator: Operator | null, comma: bool) {
    this.literal = literal;
    this.operator = operator;
    this.comma = comma;
  }

  write(): void {
    const operator = this.operator;
    if (operator === null) {
      this.writeLiteral();
      return;
    }
    const found = operator.read(value);
    if (!found && this.omitEmpty && this.shownAs === AS_JSON_VALUE) return;
    this.writeLiteral();
    if (found) this.writeValue(operator.isNumber);
    else if (this.shownAs === AS_JSON_VALUE) writeLiteral(NULL);
    else if (!this.omitEmpty) writeByte(DASH);
  }

  private writeLiteral(): void {
    if (this.comma) {
      const last = lastByte();
      if (last !== OPENING_BRACE && last !== OPENING_BRACKET) writeByte(COMMA);
    }
    writeLiteral(this.literal);
  }

  private writeValue(isNumber: bool): void {
    if (value.size > this.sizeMax) value.size = this.sizeMax;
    if (isNumber) writeLiteral(value);
    else if (this.shownAs === AS_TEXT) writeText(value);
    else if (this.shownAs === IN_JSON_STRING) writeJson(value);
    else {
      writeByte(QUOTE);
      writeJson(value);
      writeByte(QUOTE);
    }
  }
}
