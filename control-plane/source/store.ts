import type { Problem } from '@lateen/sdk/base/problem';
import type { Result } from '@lateen/sdk/base/result';
import type { ConfigObject } from '../api/object.ts';

/** The control plane's own directory of resources: what `lateen apply` writes. */
export interface ResourceStore {
  /** The directory, to be handed to `openFileSource` as one of its paths. */
  readonly dir: string;
  /** Writes one file per object, atomically and durably. */
  put(objects: readonly ConfigObject[]): Promise<Result<void>>;
  /** False where there was no such object. */
  delete(key: { kind: string; namespace: string; name: string }): Promise<Result<boolean, Problem>>;
}

export function openStore(dir: string): Promise<Result<ResourceStore>> {
  return Promise.reject(new Error(`under construction (${dir})`));
}
