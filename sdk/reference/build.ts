import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readReference, writeReference } from './write-reference.ts';

/** Writes sdk/assembly/REFERENCE.md anew. */
const root = join(import.meta.dirname, '../assembly');
writeFileSync(join(root, 'REFERENCE.md'), writeReference(readReference(root)));
