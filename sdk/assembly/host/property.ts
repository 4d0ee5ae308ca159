import { OK } from '../../abi/status';
import { Bytes } from '../bytes/bytes';
import { proxy_get_property, proxy_set_property } from '../env';
import { OUT, OUT_SIZE } from './out';

/** Points `out` to the value at `path` (segments joined by NUL); false where there is none. */
export function readProperty(path: Bytes, out: Bytes): bool {
  store<u64>(OUT, 0);
  const found = proxy_get_property(path.pointer, path.size, OUT, OUT_SIZE) === OK;
  out.point(load<usize>(OUT), load<i32>(OUT_SIZE));
  return found;
}

/**
 * One property of the stream or the proxy (Envoy's attributes), by what type it has there. Make it
 * once: `const ADDRESS = Property.of('source.address')`. What is absent is null or the fallback.
 */
export class Property {
  readonly path: Bytes;
  readonly value: Bytes = new Bytes();

  constructor(path: Bytes) {
    this.path = path;
  }

  /** Segments separated by dots. */
  static of(path: string): Property {
    return Property.segments(path.split('.'));
  }

  /** Segments that may hold dots themselves. */
  static segments(segments: Array<string>): Property {
    return new Property(Bytes.of(segments.join('\0')));
  }

  /** Reads the raw value into `value`; false where there is none. */
  read(): bool {
    return readProperty(this.path, this.value);
  }

  text(): string | null {
    return this.read() ? this.value.toString() : null;
  }

  /** Also times and durations (nanoseconds). */
  integer(fallback: i64 = 0): i64 {
    return this.read() && this.value.size === 8 ? load<i64>(this.value.pointer) : fallback;
  }

  float(fallback: f64 = 0): f64 {
    return this.read() && this.value.size === 8 ? load<f64>(this.value.pointer) : fallback;
  }

  flag(fallback: bool = false): bool {
    return this.read() && this.value.size === 1 ? this.value.byte(0) !== 0 : fallback;
  }

  exists(): bool {
    return this.read();
  }

  /** Writes filter state `wasm.<path>`, for later filters of the stream and for logs. */
  set(value: string): bool {
    const bytes = Bytes.of(value);
    return proxy_set_property(this.path.pointer, this.path.size, bytes.pointer, bytes.size) === OK;
  }
}
