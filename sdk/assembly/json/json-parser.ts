import { Bytes } from '../bytes/bytes';
import {
  JSON_ARRAY,
  JSON_BOOLEAN,
  JSON_NULL,
  JSON_NUMBER,
  JSON_OBJECT,
  JSON_STRING,
  Json,
} from './json';

const DEPTH_MAX = 64;
const EXPONENT_STEP = 250;

/** Parses UTF-8 JSON text (RFC 8259). Says where and why it failed; never throws. */
export class JsonParser {
  /** Empty unless parsing failed. */
  problem: string = '';
  private at: usize = 0;
  private start: usize = 0;
  private end: usize = 0;
  private depth: i32 = 0;

  parse(text: Bytes): Json | null {
    this.start = text.pointer;
    this.at = text.pointer;
    this.end = text.pointer + text.size;
    const value = this.value();
    if (this.problem.length === 0) {
      this.skipBlanks();
      if (this.at < this.end) this.fail('text behind the value');
    }
    return this.problem.length > 0 ? null : value;
  }

  private fail(message: string): Json {
    if (this.problem.length === 0) {
      this.problem = message + ' at byte ' + (this.at - this.start).toString();
    }
    this.at = this.end;
    return new Json(JSON_NULL);
  }

  private peek(): u8 {
    return this.at < this.end ? load<u8>(this.at) : 0;
  }

  private skipBlanks(): void {
    while (this.at < this.end) {
      const byte = load<u8>(this.at);
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.at++;
    }
  }

  private value(): Json {
    this.skipBlanks();
    const byte = this.peek();
    if (byte === 0x7b) return this.object();
    if (byte === 0x5b) return this.array();
    if (byte === 0x22) {
      const json = new Json(JSON_STRING);
      json.text = this.string();
      return json;
    }
    if (byte === 0x2d || isDigit(byte)) return this.number();
    return this.word();
  }

  private object(): Json {
    const json = new Json(JSON_OBJECT);
    if (!this.open()) return json;
    while (this.more(0x7d, json.keys.length > 0)) {
      if (this.peek() !== 0x22) return this.fail('a member name is missing');
      json.keys.push(this.string());
      this.skipBlanks();
      if (this.peek() !== 0x3a) return this.fail('":" is missing');
      this.at++;
      json.items.push(this.value());
    }
    return json;
  }

  private array(): Json {
    const json = new Json(JSON_ARRAY);
    if (!this.open()) return json;
    while (this.more(0x5d, json.items.length > 0)) json.items.push(this.value());
    return json;
  }

  private open(): bool {
    this.at++;
    if (++this.depth <= DEPTH_MAX) return true;
    this.fail('nested too deeply');
    return false;
  }

  /** True where another element follows; steps over commas and the closing bracket. */
  private more(closing: u8, behindAnother: bool): bool {
    if (this.problem.length > 0) return false;
    this.skipBlanks();
    const byte = this.peek();
    if (byte === closing) {
      this.at++;
      this.depth--;
      return false;
    }
    if (!behindAnother) return this.at < this.end || this.cutShort();
    if (byte !== 0x2c) {
      this.fail('"," or a closing bracket is missing');
      return false;
    }
    this.at++;
    this.skipBlanks();
    return true;
  }

  private cutShort(): bool {
    this.fail('the text ends early');
    return false;
  }

  private string(): string {
    this.at++;
    const from = this.at;
    let text = '';
    let run = from;
    while (this.at < this.end) {
      const byte = load<u8>(this.at);
      if (byte === 0x22) {
        const last = String.UTF8.decodeUnsafe(run, this.at - run);
        this.at++;
        return run === from ? last : text + last;
      }
      if (byte < 0x20) break;
      if (byte === 0x5c) {
        text += String.UTF8.decodeUnsafe(run, this.at - run) + this.escape();
        run = this.at;
      } else {
        this.at++;
      }
    }
    this.fail('a string does not end');
    return '';
  }

  private escape(): string {
    this.at++;
    const byte = this.peek();
    this.at++;
    switch (byte) {
      case 0x22:
      case 0x5c:
      case 0x2f:
        return String.fromCharCode(byte);
      case 0x62:
        return '\b';
      case 0x66:
        return '\f';
      case 0x6e:
        return '\n';
      case 0x72:
        return '\r';
      case 0x74:
        return '\t';
      case 0x75:
        return this.unicode();
      default:
        this.fail('not an escape');
        return '';
    }
  }

  private unicode(): string {
    let unit = 0;
    for (let i = 0; i < 4; i++) {
      const digit = hexDigit(this.peek());
      if (digit < 0) {
        this.fail('not four hexadecimal digits');
        return '';
      }
      unit = (unit << 4) | digit;
      this.at++;
    }
    return String.fromCharCode(unit);
  }

  private number(): Json {
    const json = new Json(JSON_NUMBER);
    const negative = this.peek() === 0x2d;
    if (negative) this.at++;
    if (!isDigit(this.peek())) return this.fail('not a number');
    const firstZero = this.peek() === 0x30;
    let places = 0;
    while (isDigit(this.peek())) {
      this.digit(json);
      places++;
    }
    if (firstZero && places > 1) return this.fail('a number begins with zero');
    let exponent = 0;
    if (this.peek() === 0x2e) {
      this.at++;
      if (!isDigit(this.peek())) return this.fail('digits are missing');
      while (isDigit(this.peek())) {
        json.number = json.number * 10 + (this.peek() - 0x30);
        this.at++;
        exponent--;
      }
    }
    exponent += this.exponent();
    json.number = scale(json.number, exponent);
    if (exponent !== 0) json.integer = <i64>json.number;
    if (negative) {
      json.number = -json.number;
      json.integer = -json.integer;
    }
    return json;
  }

  private digit(json: Json): void {
    const digit = this.peek() - 0x30;
    json.number = json.number * 10 + digit;
    json.integer = json.integer * 10 + digit;
    this.at++;
  }

  private exponent(): i32 {
    if ((this.peek() | 0x20) !== 0x65) return 0;
    this.at++;
    const negative = this.peek() === 0x2d;
    if (negative || this.peek() === 0x2b) this.at++;
    if (!isDigit(this.peek())) this.fail('digits are missing');
    let value = 0;
    while (isDigit(this.peek())) {
      value = min(value * 10 + (this.peek() - 0x30), 400);
      this.at++;
    }
    return negative ? -value : value;
  }

  private word(): Json {
    if (this.takes('null')) return new Json(JSON_NULL);
    const json = new Json(JSON_BOOLEAN);
    if (this.takes('false')) return json;
    json.flag = this.takes('true');
    return json.flag ? json : this.fail('a value is missing');
  }

  private takes(word: string): bool {
    if (this.end - this.at < <usize>word.length) return false;
    for (let i = 0; i < word.length; i++) {
      if (load<u8>(this.at + i) !== <u8>word.charCodeAt(i)) return false;
    }
    this.at += word.length;
    return true;
  }
}

function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

function hexDigit(byte: u8): i32 {
  if (isDigit(byte)) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** In two steps, because ten to the exponent may not be a number where the result is one. */
function scale(mantissa: f64, exponent: i32): f64 {
  if (exponent < -EXPONENT_STEP) {
    return scale(mantissa / power(EXPONENT_STEP), exponent + EXPONENT_STEP);
  }
  return exponent < 0 ? mantissa / power(-exponent) : mantissa * power(exponent);
}

function power(exponent: i32): f64 {
  let factor: f64 = 1;
  for (let i = 0; i < exponent; i++) factor *= 10;
  return factor;
}
