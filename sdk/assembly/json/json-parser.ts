import { Bytes } from '../bytes/bytes';
import { Json } from './json';
import { JsonScanner } from './json-scanner';

/** Parses UTF-8 JSON text (RFC 8259). Says where and why it failed; never throws. */
export class JsonParser {
  /** Empty unless parsing failed. */
  problem: string = '';

  /** Checks the whole text, and keeps a copy of it for the value. */
  parse(text: Bytes): Json | null {
    const source = text.toBuffer();
    const start = changetype<usize>(source);
    const scanner = new JsonScanner();
    scanner.open(start, start + text.size);
    scanner.skipBlanks();
    const valueStart = scanner.at;
    scanner.skipValue();
    const valueEnd = scanner.at;
    scanner.skipBlanks();
    if (scanner.ok && !scanner.atEnd) scanner.fail('text behind the value');
    this.problem = scanner.problem;
    return scanner.ok ? new Json(source, valueStart, valueEnd) : null;
  }
}
