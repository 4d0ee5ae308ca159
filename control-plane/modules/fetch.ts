import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ok, type Result } from '@lateen/sdk/base/result';
import { fetchHttp } from './fetch-http.ts';
import { type FetchLimits, tooLarge } from './limits.ts';
import { FETCH_FAILED, failed, SCHEME_UNSUPPORTED } from './problem.ts';

/** A file, inline text or an HTTP address to its bytes, unchecked. One attempt. */
export async function fetchModule(
  url: string,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<Result<Uint8Array>> {
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
  switch (scheme) {
    case 'file':
      return readLocal(url, limits);
    case 'data':
      return decodeData(url, limits);
    case 'http':
    case 'https':
      return fetchHttp(url, limits, signal);
    default:
      return failed(
        SCHEME_UNSUPPORTED,
        `modules are not fetched from ${scheme ?? 'a place without a scheme'}`,
        'use a url that begins with oci://, https://, http://, file:// or data:application/wasm;base64,',
      );
  }
}

async function readLocal(url: string, limits: FetchLimits): Promise<Result<Uint8Array>> {
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch {
    return failed(
      FETCH_FAILED,
      `${url} is no file URL with an absolute path`,
      'file:///path/to/module.wasm',
    );
  }
  try {
    const file = await open(path, 'r');
    try {
      const info = await file.stat();
      if (!info.isFile()) return failed(FETCH_FAILED, `${path} is not a regular file`);
      if (info.size > limits.moduleBytesMax) return tooLarge(limits);
      const bytes = await file.readFile();
      return bytes.length > limits.moduleBytesMax ? tooLarge(limits) : ok(bytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    return failed(
      FETCH_FAILED,
      `cannot read ${path}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

const DATA_PREFIX = 'data:application/wasm;base64,';

function decodeData(url: string, limits: FetchLimits): Result<Uint8Array> {
  if (!url.startsWith(DATA_PREFIX)) {
    return failed(FETCH_FAILED, `a data url of a module begins with ${DATA_PREFIX}`);
  }
  const text = url.slice(DATA_PREFIX.length).replaceAll(/\s/g, '');
  if (text.length > limits.moduleBytesMax * 1.4) return tooLarge(limits);
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text))
    return failed(FETCH_FAILED, 'the data url is not base64');
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > limits.moduleBytesMax ? tooLarge(limits) : ok(bytes);
}
