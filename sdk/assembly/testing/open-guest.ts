import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileAssembly } from '@lateen/filters/compile-assembly';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Compiles one of the modules beside this file; `release` as a user would, else fast. */
export async function compileGuest(
  name: string,
  target: 'release' | 'fast',
): Promise<Uint8Array<ArrayBuffer>> {
  const directory = mkdtempSync(join(tmpdir(), 'lateen-sdk-'));
  const out = join(directory, `${name}.wasm`);
  const entry = join(HERE, name, 'index.ts');
  await compileAssembly({
    entry,
    out,
    flags: target === 'release' ? ['--target', target] : ['-O1'],
  });
  const bytes = Uint8Array.from(await readFile(out));
  await rm(directory, { recursive: true });
  return bytes;
}
