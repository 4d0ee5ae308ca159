import type { Result } from '@lateen/sdk/base/result';
import type { CompiledModule } from './compiled-module.ts';
import type { ModuleLimits } from './limits.ts';

export type { CompiledModule } from './compiled-module.ts';

export interface ModuleSource {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Came with the host: runs as it is, without fuel. */
  readonly trusted: boolean;
  readonly limits: ModuleLimits;
}

/** Checks, rewrites (unless trusted) and compiles; takes the time of the compiler off the caller. */
export declare function compileModule(source: ModuleSource): Promise<Result<CompiledModule>>;
