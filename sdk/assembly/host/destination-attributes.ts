import { propertyInteger, propertyText } from './property-value';

/** Address and port that the client connected to. */
export function destinationAddress(): string | null {
  return propertyText('destination\0address');
}

/** `destination.port`. */
export function destinationPort(): i64 {
  return propertyInteger('destination\0port');
}
