import type { Clock } from '@lateen/sdk/base/clock';
import type { Problem } from '@lateen/sdk/base/problem';
import type { ConfigObject } from '../api/object.ts';

export interface SourceState {
  readonly objects: readonly ConfigObject[];
  readonly problems: readonly Problem[];
}

export interface FileSourceOptions {
  /** Directories or single files; directories are walked, hidden names are left out. */
  readonly paths: readonly string[];
  readonly clock: Clock;
  /** Called after the first read, and after each change that changed anything. */
  readonly onChange: (state: SourceState) => void;
  /** Quiet time after a change before files are read again; default 50 ms. */
  readonly debounceMs?: number;
  /** How often directories are read again even if nothing was noticed; default 2 s; 0: never. */
  readonly rescanMs?: number;
}

export interface FileSource {
  current(): SourceState;
  /** Reads again now; resolves when the state is current. */
  rescan(): Promise<SourceState>;
  close(): void;
}

export function openFileSource(options: FileSourceOptions): Promise<FileSource> {
  return Promise.reject(new Error(`under construction (${options.paths.join()})`));
}
