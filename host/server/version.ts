import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The version of the package, e.g. `0.1.0`. */
export function version(): string {
  const file = createRequire(import.meta.url).resolve('@lateen/host/package.json');
  const { version: text } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string };
  return text;
}
