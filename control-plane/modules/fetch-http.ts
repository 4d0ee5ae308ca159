import { lookup as dnsLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { ok, type Result } from '@lateen/sdk/base/result';
import { Agent, request } from 'undici';
import { type AddressClass, classifyAddress, mayFollow } from './address-guard.ts';
import { type FetchLimits, tooLarge } from './limits.ts';
import { ADDRESS_REFUSED, FETCH_FAILED, FETCH_REFUSED, failed } from './problem.ts';

const REDIRECTS_MAX = 5;

/** Statuses that may be gone at the next attempt. */
function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

interface Hop {
  readonly url: URL;
  /** Class of the address that the request before this one went to. */
  readonly previous: AddressClass | undefined;
}

type Step =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'redirect'; readonly to: Hop };

/** GET with redirects followed under the address guard, a size limit and one deadline. */
export async function fetchHttp(
  url: string,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<Result<Uint8Array>> {
  if (!URL.canParse(url)) return failed(FETCH_FAILED, `${url} is no URL`);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(limits.timeoutMs)]);
  let hop: Hop = { url: new URL(url), previous: undefined };
  for (let count = 0; count <= REDIRECTS_MAX; count += 1) {
    const step = await get(hop, limits, deadline);
    if (!step.ok) return step;
    if (step.value.kind === 'bytes') return ok(step.value.bytes);
    hop = step.value.to;
  }
  return failed(FETCH_FAILED, `${url} redirects more than ${REDIRECTS_MAX} times`);
}

async function get(hop: Hop, limits: FetchLimits, signal: AbortSignal): Promise<Result<Step>> {
  const seen: { class: AddressClass | undefined } = { class: undefined };
  const literal = hop.url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0) {
    seen.class = classifyAddress(literal);
    if (!mayFollow(hop.previous, seen.class)) return guarded(hop.url, literal);
  }
  // The address that was judged is the address that is connected to: the check sits in the lookup.
  const agent = new Agent({ connect: { lookup: guardedLookup(hop, seen) } });
  try {
    const response = await request(hop.url, {
      dispatcher: agent,
      signal,
      headers: {
        accept: 'application/wasm, application/octet-stream, */*',
        'user-agent': 'lateen',
      },
    });
    const location = response.headers['location'];
    if (response.statusCode >= 300 && response.statusCode < 400 && typeof location === 'string') {
      response.body.on('error', () => {}).destroy();
      return redirect(hop, location, seen.class);
    }
    if (response.statusCode !== 200) {
      response.body.on('error', () => {}).destroy();
      const code = isPassing(response.statusCode) ? FETCH_FAILED : FETCH_REFUSED;
      return failed(code, `${hop.url} answers ${response.statusCode}`);
    }
    const bytes = await readBody(response.body, limits);
    return bytes.ok ? ok({ kind: 'bytes', bytes: bytes.value }) : bytes;
  } catch (error) {
    return describe(hop.url, error, limits);
  } finally {
    await agent.destroy();
  }
}

function redirect(hop: Hop, location: string, seen: AddressClass | undefined): Result<Step> {
  const to = URL.canParse(location, hop.url) ? new URL(location, hop.url) : undefined;
  if (to === undefined || (to.protocol !== 'http:' && to.protocol !== 'https:')) {
    return failed(ADDRESS_REFUSED, `${hop.url} redirects to ${location}, which is not followed`);
  }
  if (hop.url.protocol === 'https:' && to.protocol === 'http:') {
    return failed(
      ADDRESS_REFUSED,
      `${hop.url} redirects from https to http, which is not followed`,
    );
  }
  return ok({ kind: 'redirect', to: { url: to, previous: seen ?? 'public' } });
}

function guardedLookup(hop: Hop, seen: { class: AddressClass | undefined }): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = addresses.filter(({ address }) =>
        mayFollow(hop.previous, classifyAddress(address)),
      );
      const first = allowed[0];
      if (first === undefined) return callback(new RefusedAddress(hostname), '', 0);
      seen.class = classifyAddress(first.address);
      if (options.all === true) callback(null, [first]);
      else callback(null, first.address, first.family);
    });
  };
}

class RefusedAddress extends Error {}

async function readBody(
  body: AsyncIterable<Uint8Array>,
  limits: FetchLimits,
): Promise<Result<Uint8Array>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limits.moduleBytesMax) return tooLarge(limits);
    chunks.push(chunk);
  }
  return ok(Buffer.concat(chunks));
}

function describe(url: URL, error: unknown, limits: FetchLimits): Result<Step> {
  const chain = [error, error instanceof Error ? error.cause : undefined];
  if (chain.some((each) => each instanceof RefusedAddress)) return guarded(url, url.hostname);
  if (error instanceof Error && error.name === 'TimeoutError') {
    return failed(FETCH_FAILED, `${url} did not answer within ${limits.timeoutMs} ms`);
  }
  const detail = chain.find((each) => each instanceof Error && each.message !== '');
  return failed(
    FETCH_FAILED,
    `cannot fetch ${url}: ${detail instanceof Error ? detail.message : error}`,
  );
}

function guarded<T>(url: URL, address: string): Result<T> {
  return failed(
    ADDRESS_REFUSED,
    `${url.host} (${address}) is not an address that modules are fetched from`,
    'redirects may not lead to this machine, a private network or a metadata service',
  );
}
