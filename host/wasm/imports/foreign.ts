import * as ext from '@lateen/sdk/abi/extensions';
import * as status from '@lateen/sdk/abi/status';
import { ascii } from '@lateen/sdk/base/bytes';
import type { Guest } from '../guest.ts';
import { ForeignAnswer, type ForeignFunction, type ForeignFunctions } from './foreign-answer.ts';
import { foreignCompression } from './foreign-compression.ts';
import { foreignConfiguration } from './foreign-configuration.ts';
import { foreignCrypto } from './foreign-crypto.ts';
import { foreignFields } from './foreign-fields.ts';
import { foreignHeaders } from './foreign-headers.ts';
import { foreignMetrics } from './foreign-metrics.ts';
import { foreignRegexes } from './foreign-regexes.ts';
import { foreignShared } from './foreign-shared.ts';
import { foreignSinks } from './foreign-sinks.ts';
import { foreignStream } from './foreign-stream.ts';
import type { HostFunctions } from './host-functions.ts';

interface NamedFunction {
  readonly name: Uint8Array;
  readonly call: ForeignFunction;
}

/** `proxy_call_foreign_function`: Lateen's own (see sdk/abi/extensions.ts) and some of Envoy's. */
export function foreignFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const table = new FunctionTable({
    [ext.FN_FEATURES]: (_start, _end, answer) => answer.bytes(FEATURES),
    ...foreignHeaders(guest),
    ...foreignFields(guest),
    ...foreignMetrics(guest),
    ...foreignRegexes(guest),
    ...foreignStream(guest),
    ...foreignShared(guest),
    ...foreignSinks(guest),
    ...foreignConfiguration(guest),
    ...foreignCrypto(guest),
    ...foreignCompression(guest),
  });
  const answer = new ForeignAnswer(guest);
  return {
    proxy_call_foreign_function(
      name: number,
      nameSize: number,
      args: number,
      argsSize: number,
      out: number,
      outSize: number,
    ) {
      if (!guest.admit('proxy_call_foreign_function')) return status.INTERNAL_FAILURE;
      const start = args >>> 0;
      const size = argsSize >>> 0;
      if (!memory.has(name >>> 0, nameSize >>> 0) || !memory.has(start, size)) {
        return status.INVALID_MEMORY_ACCESS;
      }
      const called = table.find(memory.u8, name >>> 0, nameSize >>> 0);
      if (called === null) return status.NOT_FOUND;
      guest.charge(size);
      answer.out = out >>> 0;
      answer.outSize = outSize >>> 0;
      return called(start, start + size, answer);
    },
  };
}

/** Functions by the length of their names: at most a few to compare, and no string is made. */
function arrange(functions: ForeignFunctions): readonly (readonly NamedFunction[])[] {
  const byLength: NamedFunction[][] = [];
  for (const [name, call] of Object.entries(functions)) {
    byLength[name.length] ??= [];
    byLength[name.length].push({ name: ascii(name), call });
  }
  return byLength;
}

const PLACES = 64;

/** By where the name stood the last time, which the bytes prove, else by its length. */
class FunctionTable {
  readonly #byLength: readonly (readonly NamedFunction[])[];
  readonly #guesses: (NamedFunction | null)[] = new Array<NamedFunction | null>(PLACES).fill(null);

  constructor(functions: ForeignFunctions) {
    this.#byLength = arrange(functions);
  }

  find(source: Uint8Array, start: number, size: number): ForeignFunction | null {
    const place = (start >> 3) & (PLACES - 1);
    const guess = this.#guesses[place];
    if (guess !== null && isNamed(guess, source, start, size)) return guess.call;
    const candidates = size < this.#byLength.length ? this.#byLength[size] : undefined;
    if (candidates === undefined) return null;
    for (const candidate of candidates) {
      if (!isNamed(candidate, source, start, size)) continue;
      this.#guesses[place] = candidate;
      return candidate.call;
    }
    return null;
  }
}

/** Compares from the end, where our names differ. */
function isNamed({ name }: NamedFunction, source: Uint8Array, start: number, size: number) {
  if (name.length !== size) return false;
  for (let i = size - 1; i >= 0; i--) if (source[start + i] !== name[i]) return false;
  return true;
}

const VERSION = 1;
const FEATURES = Buffer.from(
  [
    ext.EXPORT_ON_CONFIG,
    ext.EXPORT_ON_CONFIG_DELETE,
    ext.EXPORT_ON_ROUTE,
    ext.EXPORT_ON_ROUTE_CONFIG,
    ext.EXPORT_ON_ATTEMPT,
    ext.EXPORT_ON_TIMER,
    ext.EXPORT_ON_STREAM_LOG,
    ext.FN_FEATURES,
    ext.FN_HEADER_VALUES,
    ext.FN_FIELDS_DEFINE,
    ext.FN_FIELDS_READ,
    ext.FN_RECORD_METRICS,
    ext.FN_REGEX_COMPILE,
    ext.FN_REGEX_MATCH,
    ext.FN_REGEX_REPLACE,
    ext.FN_SET_RESPONSE_FLAGS,
    ext.FN_SET_TIMER,
    ext.FN_SINK_OPEN,
    ext.FN_SINK_WRITE,
    ext.FN_REFUSE_CONFIG,
    ext.FN_STREAM_RANDOM,
    ext.FN_AUTO_HOST_REWRITE,
    ext.FN_SHARED_DELETE,
    ext.FN_SHARED_EXISTS,
    ext.FN_SHARED_SET,
    ext.FN_SHARED_ADD,
    ext.FN_SHARED_LIST,
    ext.FN_CLEAR_ROUTE_CACHE,
    ext.FN_VERIFY_SIGNATURE,
    ext.FN_SIGN,
    ext.FN_COMPRESS,
    ext.FN_UNCOMPRESS,
  ]
    .map((name) => `${name}=${VERSION}\n`)
    .join(''),
);
