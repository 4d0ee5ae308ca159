import type { DebugInfo } from './source/debug-info.ts';

export type AbiVersion = '0.1.0' | '0.2.0' | '0.2.1';

/** A module that passed every check, ready for any thread: plain data, structured-cloneable. */
export interface CompiledModule {
  readonly name: string;
  /** The digest, and the limits that are written into the module. */
  readonly key: string;
  /** `sha256:` and hex, of the bytes as delivered. */
  readonly digest: string;
  readonly module: WebAssembly.Module;
  readonly abi: AbiVersion;
  readonly exports: ReadonlySet<string>;
  /** Functions of `env` that it may call. */
  readonly imports: ReadonlySet<string>;
  /** Came with the host: runs without fuel. */
  readonly trusted: boolean;
  readonly byteLength: number;
  readonly debug: DebugInfo;
}
