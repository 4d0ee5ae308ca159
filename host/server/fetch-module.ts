import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { DEFAULT_MODULE_LIMITS } from '../wasm/limits.ts';
import type { FetchModule } from './modules.ts';

const ATTEMPTS_MAX = 4;
const FIRST_DELAY_MS = 200;

/**
 * Fetches a module by HTTP(S) and checks its digest, which the configuration has to name: bytes
 * that came over a network run only if they are the ones that were meant. Redirects are not
 * followed, the size is capped while it arrives, and passing troubles are tried again.
 */
export const fetchModule: FetchModule = async (source) => {
  const { uri, sha256, timeoutMs } = source;
  if (!/^[0-9a-f]{64}$/.test(sha256)) return fail(problem(uri, 'needs its sha256 (64 hex digits)'));
  if (!/^https?:\/\//.test(uri)) return fail(problem(uri, 'is neither http nor https'));
  let last: Result<Uint8Array> = fail(problem(uri, 'was not fetched'));
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (attempt > 0) await sleep(FIRST_DELAY_MS * 2 ** (attempt - 1));
    const fetched = await fetchOnce(uri, timeoutMs);
    last = fetched.ok
      ? checkDigest(uri, fetched.bytes, sha256)
      : fail(problem(uri, fetched.reason));
    if (fetched.ok || fetched.final) return last;
  }
  return last;
};

type Fetched =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: string; readonly final: boolean };

async function fetchOnce(uri: string, timeoutMs: number): Promise<Fetched> {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(uri, { redirect: 'manual', signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      const final = response.status < 500 && response.status !== 429;
      return { ok: false, reason: `was answered with status ${response.status}`, final };
    }
    return await readBody(response);
  } catch (cause) {
    return { ok: false, reason: `cannot be fetched: ${reasonOf(cause)}`, final: false };
  }
}

async function readBody(response: Response): Promise<Fetched> {
  const { moduleBytesMax } = DEFAULT_MODULE_LIMITS;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > moduleBytesMax) {
      return { ok: false, reason: `is larger than ${moduleBytesMax} bytes`, final: true };
    }
    chunks.push(chunk);
  }
  return { ok: true, bytes: Buffer.concat(chunks) };
}

function checkDigest(uri: string, bytes: Uint8Array, wanted: string): Result<Uint8Array> {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === wanted) return ok(bytes);
  return fail(problem(uri, `has sha256 ${found}, the configuration says ${wanted}`, 'LAT0402'));
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const inner = cause.cause;
  return inner instanceof Error ? inner.message : cause.message;
}

function problem(uri: string, message: string, code = 'LAT0401'): Problem {
  return { level: 'error', code, message: `module ${uri} ${message}`, origin: {} };
}
