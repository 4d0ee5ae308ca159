import type { Outcome } from '@lateen/sdk/base/result';
import type { ConfigObject } from '../api/object.ts';
import type { Mesh } from './mesh.ts';

/** Indexes what was declared and says what does not fit together. Pure. */
export function buildMesh(objects: readonly ConfigObject[]): Outcome<Mesh> {
  throw new Error(`under construction (${objects.length})`);
}
