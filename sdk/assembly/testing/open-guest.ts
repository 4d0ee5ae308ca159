import { mkdtempSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileAssembly } from '@lateen/filters/compile-assembly';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Compiles one of the modules beside this file as a user's release build would. */
export async function compileGuest(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const directory = mkdtempSync(join(tmpdir(), 'lateen-sdk-'));
  const out = join(directory, `${name}.wasm`);
  const entry = join(HERE, name, 'index.ts');
  await compileAssembly({ entry, out, flags: ['--target', 'release'] });
  const bytes = Uint8Array.from(await readFile(out));
  await rm(directory, { recursive: true });
  return bytes;
}
