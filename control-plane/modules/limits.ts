import type { Result } from '@lateen/sdk/base/result';
import { failed, TOO_LARGE } from './problem.ts';

export interface FetchLimits {
  readonly moduleBytesMax: number;
  /** Of an image's layer, once it is no longer compressed. */
  readonly unpackedBytesMax: number;
  /** Of a registry's manifests, tokens and signatures. */
  readonly manifestBytesMax: number;
  /** For one request over HTTP, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** For all requests of one attempt: a registry can ask for many. */
  readonly attemptTimeoutMs: number;
}

export const FETCH_LIMITS: FetchLimits = {
  moduleBytesMax: 64 * 1024 * 1024,
  unpackedBytesMax: 128 * 1024 * 1024,
  manifestBytesMax: 4 * 1024 * 1024,
  timeoutMs: 15_000,
  attemptTimeoutMs: 120_000,
};

export function tooLarge<T>(limits: FetchLimits): Result<T> {
  return failed(TOO_LARGE, `the module is larger than ${limits.moduleBytesMax} bytes`);
}
