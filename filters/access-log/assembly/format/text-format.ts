import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Format } from './format';
import { readPieces } from './operator-text';
import { AS_TEXT } from './piece';

/** A text with operators; what it cannot honour is a complaint about the reader's field `name`. */
export function readTextFormat(
  text: string,
  reader: JsonReader,
  name: string,
  omitEmpty: bool,
): Format {
  const format = new Format();
  const problem = readPieces(text, format, AS_TEXT, omitEmpty);
  if (problem.length > 0) reader.complain(name, problem);
  else if (format.tooLong) reader.complain(name, 'is too long');
  return format;
}
