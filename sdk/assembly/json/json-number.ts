import { isDigit } from './json-scanner';

const EXPONENT_STEP = 250;
const EXPONENT_MAX = 400;

/** The value of a JSON number that a scanner has passed. */
export function decodeNumber(start: usize, end: usize): f64 {
  let at = start;
  const negative = load<u8>(at) === 0x2d;
  if (negative) at++;
  let value: f64 = 0;
  let exponent = 0;
  let fraction = false;
  while (at < end) {
    const byte = load<u8>(at);
    if (isDigit(byte)) {
      value = value * 10 + (byte - 0x30);
      if (fraction) exponent--;
    } else if (byte === 0x2e) {
      fraction = true;
    } else {
      exponent += decodeExponent(at + 1, end);
      break;
    }
    at++;
  }
  value = scale(value, exponent);
  return negative ? -value : value;
}

/** The same as an integer, exact to 64 bits where it was written as one. */
export function decodeInteger(start: usize, end: usize): i64 {
  let at = start;
  const negative = load<u8>(at) === 0x2d;
  if (negative) at++;
  let value: i64 = 0;
  for (; at < end; at++) {
    const byte = load<u8>(at);
    if (!isDigit(byte)) return <i64>decodeNumber(start, end);
    value = value * 10 + (byte - 0x30);
  }
  return negative ? -value : value;
}

function decodeExponent(start: usize, end: usize): i32 {
  const sign = load<u8>(start);
  let value = 0;
  for (let at = isDigit(sign) ? start : start + 1; at < end; at++) {
    value = min(value * 10 + (load<u8>(at) - 0x30), EXPONENT_MAX);
  }
  return sign === 0x2d ? -value : value;
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
