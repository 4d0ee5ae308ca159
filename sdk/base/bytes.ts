/** The empty byte range; shared, never written. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Bytes of an ASCII literal, for tables made once. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
