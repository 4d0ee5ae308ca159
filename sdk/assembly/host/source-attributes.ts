import { propertyInteger, propertyText } from './property-value';

/** Address and port of the client. */
export function sourceAddress(): string | null {
  return propertyText('source\0address');
}

/** `source.port`. */
export function sourcePort(): i64 {
  return propertyInteger('source\0port');
}
