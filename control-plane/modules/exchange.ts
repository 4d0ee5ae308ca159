import { lookup as dnsLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { ok, type Result } from '@lateen/sdk/base/result';
import { Agent, request } from 'undici';
import { type AddressClass, classifyAddress, mayFollow } from './address-guard.ts';
import {
  ADDRESS_REFUSED,
  CERTIFICATE_REFUSED,
  FETCH_FAILED,
  failed,
  TOO_LARGE,
} from './problem.ts';

/** One request. Nothing is followed and nothing is tried again. */
export interface Outgoing {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Of the body of an answer that is no error. */
  readonly bytesMax: number;
  /** From connecting to the last byte. */
  readonly timeoutMs: number;
  /** Class of the address that named this one; undefined where the user did. */
  readonly previous: AddressClass | undefined;
  /** A certificate that nobody vouches for is good enough. */
  readonly anyCertificate?: boolean;
}

export interface Incoming {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Empty for redirects: nobody reads them. */
  readonly body: Buffer;
  /** What kind of address answered. */
  readonly address: AddressClass;
}

/** Judges an address; tests put a public one on this machine. */
export type Classify = (address: string) => AddressClass;

/** A request under the address guard, a limit on what comes back, and a deadline. */
export async function exchange(
  outgoing: Outgoing,
  signal: AbortSignal,
  classify: Classify = classifyAddress,
): Promise<Result<Incoming>> {
  const { url, previous, timeoutMs } = outgoing;
  const seen: Seen = { class: undefined };
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0) {
    seen.class = classify(literal);
    if (!mayFollow(previous, seen.class)) return guarded(url, literal);
  }
  // The address that was judged is the address that is connected to: the check sits in the lookup.
  const lookup = guardedLookup(previous, seen, classify);
  const agent = new Agent({
    connect: { lookup, rejectUnauthorized: outgoing.anyCertificate !== true },
  });
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await request(url, {
      dispatcher: agent,
      method: outgoing.method,
      signal: deadline,
      headers: { 'user-agent': 'lateen', ...outgoing.headers },
      ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
    });
    const { statusCode: status, headers } = response;
    const address = seen.class ?? 'public';
    if (isRedirect(status)) {
      response.body.on('error', () => {}).destroy();
      return ok({ status, headers, address, body: Buffer.alloc(0) });
    }
    const { body: stream } = response;
    if (status >= 400) return ok({ status, headers, address, body: await readSome(stream) });
    const body = await readBody(stream, outgoing.bytesMax, url);
    return body.ok ? ok({ status, headers, address, body: body.value }) : body;
  } catch (error) {
    return describe(url, error, timeoutMs);
  } finally {
    await agent.destroy();
  }
}

export function isRedirect(status: number): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** Statuses that may be gone at the next attempt. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** A URL for readers: the query of a redirect is often a signature that opens the door. */
export function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Where an answer points, if requests may go there: http(s), and not from https to http. */
export function target(from: URL, location: string): Result<URL> {
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (to === undefined || !/^https?:$/.test(to.protocol) || to.username + to.password !== '') {
    const where = to === undefined ? 'a place that is no URL' : `${to.protocol}//${to.host}`;
    return failed(ADDRESS_REFUSED, `${shown(from)} points to ${where}, which is not followed`);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    return failed(
      ADDRESS_REFUSED,
      `${shown(from)} points from https to http, which is not followed`,
    );
  }
  return ok(to);
}

const ERROR_BYTES_MAX = 16 * 1024;

interface Seen {
  class: AddressClass | undefined;
}

function guardedLookup(
  previous: AddressClass | undefined,
  seen: Seen,
  classify: Classify,
): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = addresses.filter(({ address }) => mayFollow(previous, classify(address)));
      const first = allowed[0];
      if (first === undefined) return callback(new RefusedAddress(hostname), '', 0);
      seen.class = classify(first.address);
      if (options.all === true) callback(null, [first]);
      else callback(null, first.address, first.family);
    });
  };
}

class RefusedAddress extends Error {}

/** Of an error's page the beginning, for the reason it may tell; the limit is for what is wanted. */
async function readSome(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= ERROR_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, ERROR_BYTES_MAX);
}

async function readBody(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
  url: URL,
): Promise<Result<Buffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > bytesMax) {
      return failed(TOO_LARGE, `${shown(url)} sends more than ${bytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  return ok(Buffer.concat(chunks));
}

function describe<T>(url: URL, error: unknown, timeoutMs: number): Result<T> {
  const chain = [error, error instanceof Error ? error.cause : undefined];
  if (chain.some((each) => each instanceof RefusedAddress)) return guarded(url, url.hostname);
  if (error instanceof Error && error.name === 'TimeoutError') {
    return failed(FETCH_FAILED, `${shown(url)} did not answer within ${timeoutMs} ms`);
  }
  const detail = chain.find((each) => each instanceof Error && each.message !== '');
  const message = detail instanceof Error ? detail.message : String(error);
  if (chain.some(isAboutCertificate)) {
    const fix = 'NODE_EXTRA_CA_CERTS=FILE adds an authority to those that are trusted';
    return failed(CERTIFICATE_REFUSED, `the certificate of ${url.host}: ${message}`, fix);
  }
  return failed(FETCH_FAILED, `cannot fetch ${shown(url)}: ${message}`);
}

function isAboutCertificate(error: unknown): boolean {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(code);
}

function guarded<T>(url: URL, address: string): Result<T> {
  return failed(
    ADDRESS_REFUSED,
    `${url.host} (${address}) is not an address that modules are fetched from`,
    'redirects may not lead to this machine, a private network or a metadata service',
  );
}
