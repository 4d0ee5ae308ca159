import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { makeOperator } from '../operator/make-operator';
import { Operator } from '../operator/operator';
import { Format } from './format';
import { escapeJson } from './json-text';
import { AS_TEXT, Piece } from './piece';

/** `%NAME(parameters):limit%`, taken apart. */
export class OperatorText {
  name: string = '';
  /** Empty where there are none. */
  parameters: string = '';
  sizeMax: i32 = i32.MAX_VALUE;
  /** Behind the closing percent sign; -1 where the text is none. */
  end: i32 = -1;

  /** Reads the operator whose opening percent sign is at `start`. */
  static at(text: string, start: i32): OperatorText {
    const operator = new OperatorText();
    operator.read(text, start);
    return operator;
  }

  private read(text: string, start: i32): void {
    let at = start + 1;
    while (at < text.length && isNameUnit(text.charCodeAt(at))) at++;
    this.name = text.substring(start + 1, at);
    if (this.name.length === 0) return;
    if (text.charAt(at) === '(') {
      const close = closingParenthesis(text, at);
      if (close < 0) return;
      this.parameters = text.substring(at + 1, close);
      at = close + 1;
    }
    if (text.charAt(at) === ':') {
      const digits = at + 1;
      at = skipDigits(text, digits);
      if (at === digits || at - digits > 7) return;
      this.sizeMax = I32.parseInt(text.substring(digits, at));
    }
    if (text.charAt(at) === '%') this.end = at + 1;
  }
}

/**
 * Adds the text's literals and operators to the format, each value shown as `shownAs` says.
 * Returns why the text is refused, or nothing.
 */
export function readPieces(text: string, format: Format, shownAs: i32, omitEmpty: bool): string {
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const start = text.indexOf('%', at);
    if (start < 0) break;
    literal += text.substring(at, start);
    if (text.charAt(start + 1) === '%') {
      literal += '%';
      at = start + 2;
      continue;
    }
    const found = OperatorText.at(text, start);
    if (found.end < 0) return 'has no operator at ' + text.substring(start, start + 40);
    const operator = makeOperator(found.name, found.parameters);
    if (operator === null) return unknown(text, start, found.end);
    format.add(pieceOf(shown(literal, shownAs), operator, found.sizeMax, shownAs, omitEmpty));
    literal = '';
    at = found.end;
  }
  format.text(shown(literal + text.substring(at), shownAs));
  return '';
}

/** The text where it is exactly one operator, else null. */
export function soleOperator(text: string): OperatorText | null {
  if (!text.startsWith('%')) return null;
  const found = OperatorText.at(text, 0);
  return found.end === text.length ? found : null;
}

export function unknown(text: string, start: i32, end: i32): string {
  return 'has an operator that is not supported: ' + text.substring(start, end);
}

function pieceOf(
  literal: string,
  operator: Operator,
  sizeMax: i32,
  shownAs: i32,
  omitEmpty: bool,
): Piece {
  const piece = new Piece(Bytes.of(literal), operator, false);
  piece.sizeMax = sizeMax;
  piece.shownAs = shownAs;
  piece.omitEmpty = omitEmpty;
  return piece;
}

function shown(literal: string, shownAs: i32): string {
  return shownAs === AS_TEXT ? literal : escapeJson(literal);
}

/** The parenthesis that ends the parameters: the first one behind which the operator can end. */
function closingParenthesis(text: string, open: i32): i32 {
  let close = text.indexOf(')', open);
  while (close >= 0) {
    const next = text.charAt(close + 1);
    if (next === '%') return close;
    if (next === ':' && text.charAt(skipDigits(text, close + 2)) === '%') return close;
    close = text.indexOf(')', close + 1);
  }
  return -1;
}

function skipDigits(text: string, from: i32): i32 {
  let at = from;
  while (at < text.length && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39) at++;
  return at;
}

function isNameUnit(unit: i32): bool {
  return (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x30 && unit <= 0x39) || unit === 0x5f;
}
