import { JsonReader } from '../json/json-reader';

/** `envoy.type.v3.FractionalPercent`. */
export class Fraction {
  readonly numerator: u32;
  readonly denominator: u32;

  constructor(numerator: u32, denominator: u32) {
    this.numerator = numerator;
    this.denominator = denominator;
  }

  static read(reader: JsonReader): Fraction {
    const name = reader.text('denominator', 'HUNDRED');
    const denominator = name === 'MILLION' ? 1000000 : name === 'TEN_THOUSAND' ? 10000 : 100;
    return new Fraction(<u32>reader.integer('numerator'), denominator);
  }

  /** Whether a random value falls into the fraction. */
  picks(random: u64): bool {
    return <u32>(random % this.denominator) < this.numerator;
  }
}
