import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { DnsFamily } from './cluster-config.ts';

export interface DnsAnswer {
  /** IP literals in the order of the answer, at most `ADDRESSES_MAX`. */
  readonly addresses: readonly string[];
  /** The lowest TTL; null where the source knows none. */
  readonly ttlMs: number | null;
}

/** Resolves a name; the error says why in the system's words (`ENOTFOUND`, `ETIMEOUT`). */
export type ResolveName = (name: string, family: DnsFamily) => Promise<Result<DnsAnswer, string>>;

export interface DnsOptions {
  /** `127.0.0.1:5353`; empty = the system's. */
  readonly servers: readonly string[];
  readonly hostsFile: string;
  /** Of one try; there are two. */
  readonly timeoutMs: number;
}

/** More addresses than this in one answer are left out. */
export const ADDRESSES_MAX = 1024;

const DEFAULTS: DnsOptions = { servers: [], hostsFile: '/etc/hosts', timeoutMs: 2000 };

/** Answers that mean "this server knows no such name"; search domains may still help. */
const UNKNOWN_NAME: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'ENODATA',
  'EREFUSED',
  'ESERVFAIL',
]);

/**
 * IP literals as they are, then the hosts file, then DNS with its TTLs, and last the system's own
 * resolver, which knows search domains and whatever else the machine is set up for.
 */
export function createResolver(options: Partial<DnsOptions> = {}): ResolveName {
  const { servers, hostsFile, timeoutMs } = { ...DEFAULTS, ...options };
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return async (name, family) => {
    if (isIP(name) !== 0) return ok({ addresses: [name], ttlMs: null });
    const fixed = ofFamily(await readHosts(hostsFile, name), family);
    if (fixed.length > 0) return ok({ addresses: fixed.slice(0, ADDRESSES_MAX), ttlMs: null });
    const answer = await resolveByDns(resolver, name, family);
    if (answer.ok || !UNKNOWN_NAME.has(answer.error) || servers.length > 0) return answer;
    return resolveBySystem(name, family, answer.error);
  };
}

async function resolveByDns(
  resolver: Resolver,
  name: string,
  family: DnsFamily,
): Promise<Result<DnsAnswer, string>> {
  const ask = (version: 4 | 6): Promise<Result<DnsAnswer, string>> =>
    askServer(resolver, name, version);
  switch (family) {
    case 'v4-only':
      return ask(4);
    case 'v6-only':
      return ask(6);
    case 'all': {
      const [v4, v6] = await Promise.all([ask(4), ask(6)]);
      return v4.ok && v6.ok ? ok(joined(v4.value, v6.value)) : v4.ok ? v4 : v6;
    }
    case 'v4-preferred':
      return firstAnswer(await ask(4), () => ask(6));
    case 'auto':
      return firstAnswer(await ask(6), () => ask(4));
  }
}

async function firstAnswer(
  first: Result<DnsAnswer, string>,
  second: () => Promise<Result<DnsAnswer, string>>,
): Promise<Result<DnsAnswer, string>> {
  return first.ok && first.value.addresses.length > 0 ? first : second();
}

async function askServer(
  resolver: Resolver,
  name: string,
  version: 4 | 6,
): Promise<Result<DnsAnswer, string>> {
  try {
    const records =
      version === 4
        ? await resolver.resolve4(name, { ttl: true })
        : await resolver.resolve6(name, { ttl: true });
    const ttls = records.map((record) => record.ttl);
    const addresses = records.map((record) => record.address).slice(0, ADDRESSES_MAX);
    return ok({ addresses, ttlMs: ttls.length === 0 ? null : Math.min(...ttls) * 1000 });
  } catch (error) {
    return fail(errorCode(error));
  }
}

async function resolveBySystem(
  name: string,
  family: DnsFamily,
  before: string,
): Promise<Result<DnsAnswer, string>> {
  try {
    const found = await lookup(name, { all: true, order: 'verbatim' });
    const addresses = ofFamily(
      found.map((item) => item.address),
      family,
    );
    if (addresses.length === 0) return fail(before);
    return ok({ addresses: addresses.slice(0, ADDRESSES_MAX), ttlMs: null });
  } catch (error) {
    return fail(errorCode(error));
  }
}

/** The addresses that the family asks for: all of the version it prefers, else of the other. */
export function ofFamily(addresses: readonly string[], family: DnsFamily): readonly string[] {
  const v4 = addresses.filter((address) => isIP(address) === 4);
  const v6 = addresses.filter((address) => isIP(address) === 6);
  switch (family) {
    case 'v4-only':
      return v4;
    case 'v6-only':
      return v6;
    case 'all':
      return addresses;
    case 'v4-preferred':
      return v4.length > 0 ? v4 : v6;
    case 'auto':
      return v6.length > 0 ? v6 : v4;
  }
}

/** Small and seldom changed; read anew so that a change is seen. */
async function readHosts(file: string, name: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return [];
  }
  const wanted = name.toLowerCase().replace(/\.$/, '');
  return text.split('\n').flatMap((line) => {
    const [address, ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    return names.includes(wanted) && isIP(address) !== 0 ? [address] : [];
  });
}

function joined(a: DnsAnswer, b: DnsAnswer): DnsAnswer {
  const ttls = [a.ttlMs, b.ttlMs].filter((ttl) => ttl !== null);
  return {
    addresses: [...a.addresses, ...b.addresses].slice(0, ADDRESSES_MAX),
    ttlMs: ttls.length === 0 ? null : Math.min(...ttls),
  };
}

function errorCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return error.code;
  return String(error);
}
