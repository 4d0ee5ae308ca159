/** The inside of a JSON string. */
export function escapeJson(text: string): string {
  let result = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x22 || unit === 0x5c) result += '\\' + String.fromCharCode(unit);
    else if (unit === 0x0a) result += '\\n';
    else if (unit < 0x20) result += '\\u00' + (unit < 16 ? '0' : '1') + hexDigit(unit & 15);
    else result += String.fromCharCode(unit);
  }
  return result;
}

function hexDigit(value: i32): string {
  return '0123456789abcdef'.charAt(value);
}

/** A number as JSON shows it; whole ones without a fraction. */
export function numberText(value: f64): string {
  if (value === Math.trunc(value) && Math.abs(value) < 1e15) return (<i64>value).toString();
  return value.toString();
}
