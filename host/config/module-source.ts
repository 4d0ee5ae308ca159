import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@lateen/sdk/base/clock';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';

/** Where a module's bytes are (core.v3.RemoteDataSource). */
export interface RemoteModule {
  /** http or https. */
  readonly uri: string;
  /** Lower-case hex; what does not have it is refused. */
  readonly sha256: string;
  /** Of one attempt. */
  readonly timeoutMs: number;
}

export interface ModuleSourceOptions {
  readonly clock: Clock;
  /** Keeps modules by digest across restarts; undefined = only in memory. */
  readonly cacheDir?: string;
  /** Default 64 MiB. */
  readonly bytesMax?: number;
}

const BYTES_MAX = 64 * 1024 * 1024;
const ATTEMPTS = 4;
const RETRY_MS = 200;
const REDIRECTS_MAX = 3;

/**
 * Fetches modules over HTTP and checks their digests. The same digest is fetched once however many
 * ask for it; what failed by chance (a connection, a time-out, a 5xx) is tried again a few times.
 */
export class ModuleSource {
  readonly #options: ModuleSourceOptions;
  readonly #running = new Map<string, Promise<Result<Uint8Array>>>();

  constructor(options: ModuleSourceOptions) {
    this.#options = options;
  }

  fetch(module: RemoteModule): Promise<Result<Uint8Array>> {
    const key = `${module.sha256} ${module.uri}`;
    const known = this.#running.get(key);
    if (known !== undefined) return known;
    const started = this.#find(module).finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  async #find(module: RemoteModule): Promise<Result<Uint8Array>> {
    if (!/^[0-9a-f]{64}$/.test(module.sha256)) {
      return failed('LAT0402', `${module.uri}: the sha256 "${module.sha256}" is no digest`);
    }
    const cached = await this.#readCache(module.sha256);
    if (cached !== undefined) return ok(cached);
    const fetched = await this.#fetchPatiently(module);
    if (!fetched.ok) return fetched;
    const found = sha256(fetched.value);
    if (found !== module.sha256) {
      const wanted = `expected sha256 ${module.sha256}`;
      return failed('LAT0402', `${module.uri} has the wrong digest: ${wanted}, found ${found}`);
    }
    await this.#writeCache(module.sha256, fetched.value);
    return fetched;
  }

  async #fetchPatiently(module: RemoteModule): Promise<Result<Uint8Array>> {
    for (let attempt = 1; ; attempt++) {
      const fetched = await this.#fetchOnce(module);
      const final = fetched.ok || fetched.error.code !== 'LAT0401' || attempt === ATTEMPTS;
      if (final) return fetched;
      await new Promise<void>((resolve) => {
        this.#options.clock.setTimer(RETRY_MS * 2 ** (attempt - 1), resolve);
      });
    }
  }

  async #fetchOnce({ uri, timeoutMs }: RemoteModule): Promise<Result<Uint8Array>> {
    const abort = new AbortController();
    const timer = this.#options.clock.setTimer(timeoutMs, () => {
      abort.abort(new Error(`no answer within ${timeoutMs} ms`));
    });
    try {
      const response = await followRedirects(uri, abort.signal);
      if (!response.ok) return response;
      return await readBody(uri, response.value, this.#options.bytesMax ?? BYTES_MAX);
    } catch (cause) {
      return failed('LAT0401', `${uri} cannot be fetched: ${reasonOf(cause)}`);
    } finally {
      timer.cancel();
    }
  }

  async #readCache(digest: string): Promise<Uint8Array | undefined> {
    const { cacheDir } = this.#options;
    if (cacheDir === undefined) return undefined;
    try {
      const bytes = await readFile(join(cacheDir, `${digest}.wasm`));
      // A file that was cut short or changed is as good as none.
      return sha256(bytes) === digest ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  /** Best effort: a full disk must not keep a module from being used. */
  async #writeCache(digest: string, bytes: Uint8Array): Promise<void> {
    const { cacheDir } = this.#options;
    if (cacheDir === undefined) return;
    const path = join(cacheDir, `${digest}.wasm`);
    const partial = `${path}.${process.pid}.partial`;
    try {
      await mkdir(cacheDir, { recursive: true });
      await writeFile(partial, bytes);
      await rename(partial, path);
    } catch {
      // Next time it is fetched again.
    }
  }
}

/** fetch's own following would go to any scheme and any number of hops. */
async function followRedirects(uri: string, signal: AbortSignal): Promise<Result<Response>> {
  let target = uri;
  for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
    const { protocol } = URL.canParse(target) ? new URL(target) : { protocol: '' };
    if (protocol !== 'http:' && protocol !== 'https:') {
      return failed('LAT0404', `${target} is neither http nor https`);
    }
    const response = await fetch(target, { signal, redirect: 'manual' });
    const location = response.headers.get('location');
    const redirected = response.status >= 300 && response.status < 400 && location !== null;
    if (!redirected) return ok(response);
    await response.body?.cancel();
    target = new URL(location, target).href;
  }
  return failed('LAT0407', `${uri} redirects more than ${REDIRECTS_MAX} times`);
}

async function readBody(
  uri: string,
  response: Response,
  bytesMax: number,
): Promise<Result<Uint8Array>> {
  if (response.status !== 200) {
    await response.body?.cancel();
    const code = response.status >= 500 || response.status === 429 ? 'LAT0401' : 'LAT0407';
    return failed(code, `${uri} answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > bytesMax) return failed('LAT0403', `${uri} is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return ok(Buffer.concat(chunks));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  const code = 'code' in inner ? String(inner.code) : '';
  return code === '' ? inner.message : code;
}

function failed(code: string, message: string): Result<never> {
  const problem: Problem = { level: 'error', code, message, origin: {} };
  return fail(problem);
}
