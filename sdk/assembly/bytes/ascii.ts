/** `toLowerCase` for header names, hosts and such, without Unicode's tables (10 kB). */
export function lowerText(text: string): string {
  let result = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    result += String.fromCharCode(unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit);
  }
  return result;
}

/** Milliseconds of a proto3 JSON duration such as `1.5s`; NaN where the text is none. */
export function durationMs(text: string): f64 {
  let at = text.startsWith('-') ? 1 : 0;
  const end = text.length - 1;
  if (at >= end || text.charCodeAt(end) !== 0x73) return NaN;
  let value: f64 = 0;
  let unit: f64 = 0;
  for (; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit === -2 && unit === 0) unit = 1;
    else if (digit < 0 || digit > 9) return NaN;
    else {
      value = value * 10 + digit;
      unit *= 10;
    }
  }
  const seconds = unit === 0 ? value : value / unit;
  return (text.startsWith('-') ? -seconds : seconds) * 1000;
}
