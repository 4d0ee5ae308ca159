import { type FSWatcher, watch } from 'node:fs';
import type { Clock, Timer } from '@lateen/sdk/base/clock';
import type { ConfigObject } from '../api/object.ts';
import { objectKey } from '../api/object.ts';
import { combine, type SourceState } from './combine.ts';
import { type FileState, nextFileState, unreadableState } from './last-good.ts';
import { type FileMark, listTree, readText, type Tree } from './read-tree.ts';

export type { SourceState } from './combine.ts';

export interface FileSourceOptions {
  /** Directories or single files; directories are walked, names with a leading dot left out. */
  readonly paths: readonly string[];
  readonly clock: Clock;
  /** Called after each read that changed anything; the first read is `current()`. */
  readonly onChange: (state: SourceState) => void;
  /** Quiet time after a change before files are read again; default 50 ms. */
  readonly debounceMs?: number;
  /** How often directories are read again even if nothing was noticed; default 2 s; 0: never. */
  readonly rescanMs?: number;
}

export interface FileSource {
  current(): SourceState;
  /**
   * Reads again now and believes what it sees; resolves when the state is current. For whoever has
   * just written or deleted something and knows that it is done.
   */
  rescan(): Promise<SourceState>;
  close(): void;
}

/** Reads the paths and follows what happens to them. */
export async function openFileSource(options: FileSourceOptions): Promise<FileSource> {
  const source = new WatchedFiles(options);
  await source.start();
  return source;
}

const DEBOUNCE_MS = 50;
/** Under steady rewriting the files are read all the same, this long after the first change. */
const DEBOUNCE_MAX_MS = 500;
const RESCAN_MS = 2000;

/** What a file looked like when it first lacked objects, and when that was (by the clock). */
type Doubts = Map<string, { readonly mark: string; readonly sinceMs: number }>;

type Ask = 'no' | 'carefully' | 'at its word';

/**
 * Watching only says "look again"; what changed is found by listing the tree and comparing marks,
 * so lost, doubled and misnamed events do no harm. Reads never overlap.
 */
class WatchedFiles implements FileSource {
  readonly #options: FileSourceOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #files = new Map<string, FileState>();
  #inForce: ReadonlyMap<string, ConfigObject> = new Map();
  #state: SourceState = { objects: [], problems: [] };
  #fingerprint = '';
  #debounce: Timer | undefined;
  #debounceSince: number | undefined;
  #rescan: Timer | undefined;
  #reading: Promise<SourceState> | undefined;
  /** What is to be looked at again when the current read ends. */
  #again: Ask = 'no';
  /** Files that have lost objects, as they were first seen so. */
  #doubtful: Doubts = new Map();
  #closed = false;

  constructor(options: FileSourceOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#readOnce(false);
    this.#schedule();
  }

  current(): SourceState {
    return this.#state;
  }

  rescan(): Promise<SourceState> {
    return this.#read(false);
  }

  close(): void {
    this.#closed = true;
    this.#debounce?.cancel();
    this.#rescan?.cancel();
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** One read at a time; who asks during a read gets the one after it. */
  #read(careful: boolean): Promise<SourceState> {
    if (this.#reading !== undefined) {
      if (this.#again !== 'at its word') this.#again = careful ? 'carefully' : 'at its word';
      return this.#reading;
    }
    const reading = this.#readUntilQuiet(careful).finally(() => {
      this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  async #readUntilQuiet(first: boolean): Promise<SourceState> {
    let ask: Ask = first ? 'carefully' : 'at its word';
    while (ask !== 'no' && !this.#closed) {
      this.#again = 'no';
      if (await this.#readOnce(ask === 'carefully')) this.#options.onChange(this.#state);
      ask = this.#asked();
    }
    return this.#state;
  }

  #asked(): Ask {
    return this.#again;
  }

  /** True where the state is another than before. */
  async #readOnce(careful: boolean): Promise<boolean> {
    const tree = await listTree(this.#options.paths);
    const doubts = careful ? this.#doubtful : undefined;
    this.#doubtful = new Map();
    const files = new Map<string, FileState>();
    for (const entry of tree.files) {
      files.set(entry.file, this.#unlessDoubtful(entry.file, await this.#readFile(entry), doubts));
    }
    this.#keepUnreadable(tree, files);
    if (doubts !== undefined) this.#keepVanished(files, doubts);
    if (this.#closed) return false;
    this.#watch(tree.directories, tree.files);
    if (this.#doubtful.size > 0) this.#noticed();
    return this.#install(files, tree);
  }

  #install(found: ReadonlyMap<string, FileState>, tree: Tree): boolean {
    // By name, so that files which are kept though they are gone don't change their place.
    const files = new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
    this.#files = files;
    this.#state = combine(files.values(), tree.problems, this.#inForce);
    this.#inForce = new Map(this.#state.objects.map((object) => [objectKey(object), object]));
    const marks = [...files].map(([file, state]) => `${file} ${state.mark}`);
    const fingerprint = JSON.stringify([marks, tree.problems]);
    const changed = fingerprint !== this.#fingerprint;
    this.#fingerprint = fingerprint;
    return changed;
  }

  async #readFile(entry: FileMark): Promise<FileState> {
    const earlier = this.#files.get(entry.file);
    if (earlier !== undefined && earlier.mark === entry.mark) return earlier;
    const read = await readText(entry);
    if ('problem' in read) return unreadableState(earlier, entry.mark, read.problem);
    return nextFileState(earlier, { file: entry.file, text: read.text, mark: entry.mark });
  }

  /**
   * A file that is being saved is empty, or cut short, for a moment. So one that has lost objects
   * is believed only when it looks the same once more, after the quiet time.
   */
  #unlessDoubtful(file: string, next: FileState, doubts: Doubts | undefined): FileState {
    const earlier = this.#files.get(file);
    if (doubts === undefined || earlier === undefined || earlier === next) return next;
    const keys = new Set(next.objects.map(objectKey));
    if (earlier.objects.every((object) => keys.has(objectKey(object)))) return next;
    return this.#isSettled(file, next.mark, doubts) ? next : earlier;
  }

  /** The same for files that are gone: saving by renaming removes them for a moment. */
  #keepVanished(files: Map<string, FileState>, doubts: Doubts): void {
    for (const [file, state] of this.#files) {
      if (files.has(file) || state.objects.length === 0) continue;
      if (!this.#isSettled(file, 'gone', doubts)) files.set(file, state);
    }
  }

  /** Whether a file has looked like this for the quiet time; if not, the doubt is kept. */
  #isSettled(file: string, mark: string, doubts: Doubts): boolean {
    const now = this.#options.clock.now();
    const doubt = doubts.get(file);
    const sinceMs = doubt?.mark === mark ? doubt.sinceMs : now;
    if (now - sinceMs >= this.#quietMs()) return true;
    this.#doubtful.set(file, { mark, sinceMs });
    return false;
  }

  #quietMs(): number {
    return this.#options.debounceMs ?? DEBOUNCE_MS;
  }

  /** A directory that cannot be listed takes nothing out of force. */
  #keepUnreadable(tree: Tree, files: Map<string, FileState>): void {
    for (const path of tree.unreadable) {
      for (const [file, state] of this.#files) {
        const below = file === path || file.startsWith(`${path}/`);
        if (below && !files.has(file)) files.set(file, { ...state, problems: [] });
      }
    }
  }

  #watch(directories: readonly string[], files: readonly FileMark[]): void {
    const named = files
      .map(({ file }) => file)
      .filter((file) => this.#options.paths.includes(file));
    const wanted = new Set([...directories, ...named]);
    for (const [path, watcher] of this.#watchers) {
      if (wanted.has(path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    for (const path of wanted) if (!this.#watchers.has(path)) this.#watchPath(path);
  }

  /** Where watching is not to be had (limits, file systems), the regular rescan remains. */
  #watchPath(path: string): void {
    const drop = (): void => {
      this.#watchers.get(path)?.close();
      this.#watchers.delete(path);
    };
    try {
      const watcher = watch(path, { persistent: false }, (event) => {
        // A file that was replaced by renaming is another inode; its watcher has gone blind.
        if (event === 'rename' && this.#options.paths.includes(path)) drop();
        this.#noticed();
      });
      watcher.on('error', drop);
      this.#watchers.set(path, watcher);
    } catch {
      drop();
    }
  }

  #noticed(): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    this.#debounceSince ??= clock.now();
    const quiet = this.#quietMs();
    const left = DEBOUNCE_MAX_MS - (clock.now() - this.#debounceSince);
    this.#debounce?.cancel();
    this.#debounce = clock.setTimer(Math.max(0, Math.min(quiet, left)), () => {
      this.#debounceSince = undefined;
      this.#supervise();
    });
  }

  #schedule(): void {
    const everyMs = this.#options.rescanMs ?? RESCAN_MS;
    if (everyMs === 0 || this.#closed) return;
    this.#rescan = this.#options.clock.setTimer(everyMs, () => {
      this.#supervise();
      this.#schedule();
    });
  }

  /** Reading turns every failure of the file system into a problem, so nothing is left to throw. */
  #supervise(): void {
    void this.#read(true);
  }
}
