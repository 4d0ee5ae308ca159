import { RE2JS } from 're2js';
import * as z from 'zod';

/** Instructions of RE2's program; the proxies' limit, so that no proxy refuses what was taken here. */
const REGEX_PROGRAM_MAX = 10_000;

/** Why a pattern is none in RE2's syntax, or undefined where it is one. */
export function regexFault(pattern: string): string | undefined {
  try {
    const size = RE2JS.compile(pattern).programSize();
    return size > REGEX_PROGRAM_MAX ? 'is too large a regular expression' : undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `is no regular expression in RE2 syntax: ${reason}`;
  }
}

/** A regular expression that proxies will take: RE2, which has no look-around or back-references. */
export const regex = z
  .string()
  .min(1, 'must not be empty: an empty pattern matches the empty text only')
  .max(4096)
  .superRefine((pattern, context) => {
    const fault = regexFault(pattern);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses.
const CONTROL = /[\u0000-\u0008\u000A-\u001F\u007F]/;

/** Text that goes into a head: a line break in it would begin another field. */
export const headText = z
  .string()
  .max(16_384)
  .refine((value) => !CONTROL.test(value), 'must not hold control characters');

export const headerName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^:?[!#$%&'*+.^_|~`0-9A-Za-z-]+$/, 'must be a header name');

/** What may stand between two `%` in a header's value (Envoy's command operators). */
const OPERATORS = new Set([
  'BYTES_RECEIVED',
  'BYTES_SENT',
  'CLUSTER_METADATA',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_LOCAL_ADDRESS',
  'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_LOCAL_PORT',
  'DOWNSTREAM_REMOTE_ADDRESS',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'DURATION',
  'DYNAMIC_METADATA',
  'ENVIRONMENT',
  'FILTER_STATE',
  'HOSTNAME',
  'METADATA',
  'PROTOCOL',
  'REQ',
  'REQUEST_DURATION',
  'REQUESTED_SERVER_NAME',
  'RESP',
  'RESPONSE_CODE',
  'RESPONSE_CODE_DETAILS',
  'RESPONSE_DURATION',
  'RESPONSE_FLAGS',
  'ROUTE_NAME',
  'START_TIME',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_HOST',
  'UPSTREAM_LOCAL_ADDRESS',
  'UPSTREAM_METADATA',
  'UPSTREAM_REMOTE_ADDRESS',
  'VIRTUAL_CLUSTER_NAME',
]);

/** A header's value: literal text with `%OPERATOR%` in it, and `%%` for a percent sign. */
export const headerValue = headText.superRefine((value, context) => {
  const rest = value.replaceAll(/%%|%([A-Z_]+)(\([^)]*\))?(:\d+)?%/g, (found, name?: string) =>
    name === undefined || OPERATORS.has(name) ? '' : found,
  );
  const at = rest.indexOf('%');
  if (at < 0) return;
  context.addIssue({
    code: 'custom',
    message: `holds ${JSON.stringify(rest.slice(at, at + 40))}, which is no known %OPERATOR%`,
    params: { fix: 'write %% for a percent sign' },
  });
});

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

export function isIpv4(text: string): boolean {
  const parts = IPV4.exec(text)?.slice(1);
  return parts?.every((part) => Number(part) <= 255 && (part === '0' || part[0] !== '0')) === true;
}

/** RFC 4291 section 2.2, without zones. */
export function isIpv6(text: string): boolean {
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return false;
  return URL.canParse(`http://[${text}]/`);
}

export function isIp(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

/** Whether text is an address, or a block of them (`10.0.0.0/8`). */
export function isIpBlock(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return isIp(text);
  const address = text.slice(0, slash);
  const prefix = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(prefix)) return false;
  return isIpv4(address) ? Number(prefix) <= 32 : isIpv6(address) && Number(prefix) <= 128;
}

export function isPortText(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
}

const LABEL = /^[a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?$/;

/** A DNS name, also one with `*` for its first label. */
export function isHostName(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split('.');
  if (labels[0] === '*') labels.shift();
  return labels.every((label) => LABEL.test(label)) || text === '*';
}

/** A host as resources name it: a DNS name, a wildcard or an address. */
export const host = z
  .string()
  .min(1, 'must not be empty')
  .refine(
    (text) => isHostName(text) || isIp(text),
    'must be a host name; "*" may only be its first label',
  );
