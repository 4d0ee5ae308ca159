import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { parsedInteger, parseInteger } from '@lateen/sdk/assembly/bytes/integer';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Fraction } from '@lateen/sdk/assembly/match/fraction';

const value = new Bytes();

/** A request may ask for fewer faults than are configured, never for more (Envoy). */
export function headerFraction(name: Bytes, configured: Fraction): Fraction {
  if (!readHeader(REQUEST_HEADERS, name, value) || !parseInteger(value)) return configured;
  if (parsedInteger < 0 || parsedInteger >= <i64>configured.numerator) return configured;
  return new Fraction(<u32>parsedInteger, configured.denominator);
}

/** A `percentage`; an absent one is never, as in Envoy. */
export function readPercentage(reader: JsonReader): Fraction {
  return Fraction.read(reader.child('percentage'));
}
