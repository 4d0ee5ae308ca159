import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isJsonObject, type Json } from '@lateen/sdk/base/json';
import type { Log } from '@lateen/sdk/base/log';
import { formatProblem, type Problem } from '@lateen/sdk/base/problem';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import type { DiscoveredUpdate } from './discovery-types.ts';
import type { VersionedResource } from './resources.ts';
import { faultInSource } from './source-problems.ts';
import { parseSource, type SourceDocument } from './yaml-json.ts';

export interface PathSourceOptions {
  /** A DiscoveryResponse in YAML or JSON. */
  readonly path: string;
  /** Watched instead of the file's own directory; empty = that one. */
  readonly watchedDirectory: string;
  readonly typeUrl: string;
  readonly registry: XdsRegistry;
  readonly log: Log;
  readonly onUpdate: (update: DiscoveredUpdate) => Promise<void>;
}

const FILE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Resources from a file. It is read again when something is moved to its name (an editor's save, a
 * ConfigMap's symbolic link); a file that is half-written or wrong changes nothing.
 */
export class PathSource {
  readonly #options: PathSourceOptions;
  #watcher: FSWatcher | undefined;
  #last = '';

  constructor(options: PathSourceOptions) {
    this.#options = options;
  }

  open(): void {
    const { path, watchedDirectory } = this.#options;
    const directory = watchedDirectory === '' ? dirname(path) : watchedDirectory;
    try {
      this.#watcher = watch(directory, (_event, name) => {
        const own = watchedDirectory === '' ? name === basename(path) : true;
        if (own) this.#read();
      });
      this.#watcher.on('error', (cause) => this.#warn(`cannot be watched: ${cause.message}`));
    } catch (cause) {
      this.#warn(`cannot be watched: ${String(cause)}`);
    }
    this.#read();
  }

  close(): void {
    this.#watcher?.close();
  }

  #read(): void {
    const text = this.#text();
    if (text === undefined || text === this.#last) return;
    this.#last = text;
    const parsed = parseSource(text, this.#options.path);
    const problems = [...parsed.problems];
    const set = parsed.document && this.#resources(parsed.document, problems);
    for (const problem of problems) this.#options.log.write('error', formatProblem(problem));
    if (set === null || problems.length > 0) return;
    void this.#options.onUpdate({ set, removed: [], whole: true });
  }

  #text(): string | undefined {
    const { path } = this.#options;
    try {
      if (statSync(path).size <= FILE_BYTES_MAX) return readFileSync(path, 'utf8');
      this.#warn('is larger than 64 MiB');
    } catch (cause) {
      this.#warn(`cannot be read: ${(cause as NodeJS.ErrnoException).code}`);
    }
    return undefined;
  }

  #resources(
    document: SourceDocument,
    problems: Problem[],
  ): ReadonlyMap<string, VersionedResource> | null {
    const { registry, typeUrl } = this.#options;
    const body = isJsonObject(document.json) ? document.json : {};
    const version = String(body['version_info'] ?? body['versionInfo'] ?? '');
    const list = body['resources'];
    if (!Array.isArray(list)) {
      const message = 'has no list "resources"';
      problems.push({ level: 'error', code: 'LAT0102', message, origin: document.locate([]) });
      return null;
    }
    const set = new Map<string, VersionedResource>();
    for (const [index, item] of (list as readonly Json[]).entries()) {
      const { json, faults } = registry.normalize(isJsonObject(item) ? item : {});
      for (const fault of faults) {
        const path = ['resources', index, ...fault.path];
        problems.push(faultInSource({ ...fault, path }, document));
      }
      if (json === null) continue;
      const name = String(json['name'] ?? json['clusterName'] ?? '');
      if (json['@type'] === typeUrl && name !== '' && !set.has(name))
        set.set(name, { json, version });
      else problems.push(misplaced(document, index, `is no ${typeUrl}, or has no name of its own`));
    }
    return set;
  }

  #warn(message: string): void {
    this.#options.log.write('warn', `${this.#options.path} ${message}`);
  }
}

function misplaced(document: SourceDocument, index: number, message: string): Problem {
  const origin = document.locate(['resources', index]);
  return { level: 'error', code: 'LAT0607', message, origin };
}
