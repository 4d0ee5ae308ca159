import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Compilation starts at the repository's root, so no absolute path gets into a module. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

export interface AssemblySource {
  /** Absolute path of the module's AssemblyScript entry. */
  readonly entry: string;
  /** Absolute path of the module to write; its source map goes beside it. */
  readonly out: string;
  /** Flags of asc beside those of the SDK. */
  readonly flags: readonly string[];
}

/** Compiles one module with the SDK's settings. Rejects with the compiler's report. */
export async function compileAssembly(source: AssemblySource): Promise<void> {
  const { main } = await import('assemblyscript/asc');
  const { error, stderr } = await main([
    relative(ROOT, source.entry),
    '--baseDir',
    ROOT,
    '--config',
    'sdk/assembly/asconfig.json',
    ...source.flags,
    '--outFile',
    relative(ROOT, source.out),
  ]);
  if (error !== null) throw new Error(`${source.entry}: ${error.message}\n${stderr.toString()}`);
}
