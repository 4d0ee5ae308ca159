import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import {
  JSON_ARRAY,
  JSON_BOOLEAN,
  JSON_NUMBER,
  JSON_OBJECT,
  JSON_STRING,
  Json,
} from '@lateen/sdk/assembly/json/json';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { makeOperator } from '../operator/make-operator';
import { Format } from './format';
import { escapeJson, numberText } from './json-text';
import { readPieces, soleOperator, unknown } from './operator-text';
import { AS_JSON_VALUE, IN_JSON_STRING, Piece } from './piece';

/**
 * A JSON object whose strings may hold operators. A string that is one operator becomes a value of
 * the operator's own type, null where there is none; in others an absent value reads `-`.
 */
export function readJsonFormat(reader: JsonReader, name: string, omitEmpty: bool): Format {
  const format = new Format();
  const json = reader.raw(name);
  if (json === null || json.kind !== JSON_OBJECT) {
    reader.complain(name, 'is not an object');
    return format;
  }
  const problem = new JsonFormat(format, omitEmpty).add(json, '', false);
  format.text('\n');
  if (problem.length > 0) reader.complain(name, problem);
  else if (format.tooLong) reader.complain(name, 'is too long');
  return format;
}

class JsonFormat {
  private readonly format: Format;
  private readonly omitEmpty: bool;

  constructor(format: Format, omitEmpty: bool) {
    this.format = format;
    this.omitEmpty = omitEmpty;
  }

  /** Adds a value behind its `key` (`"name":`); returns why it is refused, or nothing. */
  add(json: Json, key: string, comma: bool): string {
    if (json.kind === JSON_OBJECT || json.kind === JSON_ARRAY) return this.nested(json, key, comma);
    if (json.kind === JSON_STRING) return this.string(json.text, key, comma);
    let value = 'null';
    if (json.kind === JSON_NUMBER) value = numberText(json.number);
    else if (json.kind === JSON_BOOLEAN) value = json.flag ? 'true' : 'false';
    this.format.text(key + value, comma);
    return '';
  }

  private nested(json: Json, key: string, comma: bool): string {
    const isObject = json.kind === JSON_OBJECT;
    this.format.text(key + (isObject ? '{' : '['), comma);
    for (let i = 0; i < json.items.length; i++) {
      const name = isObject ? '"' + escapeJson(json.keys[i]) + '":' : '';
      const problem = this.add(json.items[i], name, true);
      if (problem.length > 0) return problem;
    }
    this.format.text(isObject ? '}' : ']');
    return '';
  }

  private string(text: string, key: string, comma: bool): string {
    const sole = soleOperator(text);
    if (sole === null) {
      this.format.text(key + '"', comma);
      const problem = readPieces(text, this.format, IN_JSON_STRING, this.omitEmpty);
      this.format.text('"');
      return problem;
    }
    const operator = makeOperator(sole.name, sole.parameters);
    if (operator === null) return unknown(text, 0, text.length);
    const piece = new Piece(Bytes.of(key), operator, comma);
    piece.shownAs = AS_JSON_VALUE;
    piece.sizeMax = sole.sizeMax;
    piece.omitEmpty = this.omitEmpty;
    this.format.add(piece);
    return '';
  }
}
