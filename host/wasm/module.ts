import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { MalformedModule } from './binary-reader.ts';
import { checkShape } from './check-shape.ts';
import type { CompiledModule } from './compiled-module.ts';
import { capModule, meterModule } from './fuel/meter-module.ts';
import type { ModuleLimits } from './limits.ts';
import type { ModuleShape } from './module-shape.ts';
import { moduleProblem } from './problems.ts';
import { RefusedModule, readShape } from './read-shape.ts';
import { loadSourceMap, type ReadSourceMap } from './source/debug-info.ts';

export type { CompiledModule } from './compiled-module.ts';

export interface ModuleSource {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Came with the host: runs as it is, without fuel. */
  readonly trusted: boolean;
  readonly limits: ModuleLimits;
  /** For a source map that is not embedded. */
  readonly readSourceMap?: ReadSourceMap;
}

/**
 * Checks a module, rewrites it for fuel and limits unless it is trusted, and compiles it. Whatever
 * the bytes are, the answer is a module or one problem that says what is wrong.
 */
export async function compileModule(source: ModuleSource): Promise<Result<CompiledModule>> {
  const { name, bytes, limits, trusted } = source;
  const notWasm = recognise(bytes, limits);
  if (notWasm !== null) return fail(moduleProblem(name, notWasm.fault, notWasm.message));
  try {
    const shape = readShape(bytes, limits);
    const abi = checkShape(name, shape, limits);
    if (!abi.ok) return abi;
    const ready = (trusted ? capModule : meterModule)(bytes, shape, limits);
    const [module, sourceMap] = await Promise.all([
      WebAssembly.compile(ready.bytes),
      loadSourceMap(bytes, shape, source.readSourceMap),
    ]);
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    return ok({
      name,
      key: moduleKey(digest, limits),
      digest,
      module,
      abi: abi.value,
      exports: new Set(shape.exports.keys()),
      imports: envImports(shape),
      trusted,
      byteLength: bytes.length,
      debug: { pieces: ready.pieces, sourceMap },
    });
  } catch (error) {
    if (error instanceof MalformedModule) {
      const message = `is no valid WebAssembly: ${error.message} (at byte ${error.offset})`;
      return fail(moduleProblem(name, 'malformed', message));
    }
    if (error instanceof RefusedModule) {
      return fail(moduleProblem(name, error.fault, error.message));
    }
    const reason = error instanceof Error ? error.message : String(error);
    return fail(moduleProblem(name, 'engine', `does not compile: ${reason}`));
  }
}

/** One artefact under different limits is several modules: memory's end is written into it. */
export function moduleKey(digest: string, limits: ModuleLimits): string {
  return `${digest} ${limits.memoryPagesMax}+${limits.memoryGrowthPagesMax}`;
}

function envImports(shape: ModuleShape): ReadonlySet<string> {
  return new Set(shape.imports.filter((one) => one.module === 'env').map((one) => one.name));
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const VERSION_1 = [1, 0, 0, 0];
const VERSION_COMPONENT = [0x0d, 0x00, 0x01, 0x00];

/** What the first bytes give away; null where they are those of a module. */
function recognise(
  bytes: Uint8Array,
  limits: ModuleLimits,
): { readonly fault: 'malformed' | 'tooLarge' | 'unsupported'; readonly message: string } | null {
  const begins = (expected: readonly number[], at = 0) =>
    expected.every((byte, i) => bytes[at + i] === byte);
  if (bytes.length > limits.moduleBytesMax) {
    const message = `has ${bytes.length} bytes, the limit is ${limits.moduleBytesMax}`;
    return { fault: 'tooLarge', message };
  }
  if (begins(MAGIC) && begins(VERSION_1, 4)) return null;
  const malformed = (message: string) => ({ fault: 'malformed', message }) as const;
  if (bytes.length === 0) return malformed('is empty');
  if (begins([0x1f, 0x8b])) return malformed('is gzip, not WebAssembly');
  if (begins([0x3c])) return malformed('is a text like HTML, not WebAssembly');
  if (!begins(MAGIC)) return malformed('is not WebAssembly: it does not begin with \\0asm');
  if (begins(VERSION_COMPONENT, 4)) {
    return { fault: 'unsupported', message: 'is a component; Proxy-Wasm needs a core module' };
  }
  return malformed('is cut off or of an unknown WebAssembly version');
}
