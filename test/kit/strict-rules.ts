/** A header or trailer field as sent. */
export type Field = readonly [name: string, value: string];

export type HeadFaults = (code: string, detail: string) => void;

type Kind = 'request' | 'response';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const REQUEST_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [\x21\x22\x24-\x7e]+ HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.1 [1-5][0-9][0-9] [\t \x21-\x7e\x80-\xff]*$/;
/** Fields that end at one connection and must not be sent on (RFC 9110 7.6.1). */
const HOP_BY_HOP = /^(keep-alive|proxy-connection|proxy-authenticate-info)$/i;

/** The name of what is wrong with a start line, or undefined (RFC 9112 3 and 4). */
export function lineFault(line: string, kind: Kind): string | undefined {
  if (kind === 'request') return REQUEST_LINE.test(line) ? undefined : 'bad-request-line';
  return STATUS_LINE.test(line) ? undefined : 'bad-status-line';
}

/** The name of what is wrong with a field line, or undefined (RFC 9112 5, RFC 9110 5.5). */
export function fieldFault(line: string): string | undefined {
  if (/^[ \t]/.test(line)) return 'obs-fold';
  const colon = line.indexOf(':');
  if (colon === -1) return 'no-colon';
  const name = line.slice(0, colon);
  if (/[ \t]$/.test(name)) return 'space-before-colon';
  if (!TOKEN.test(name)) return 'bad-field-name';
  const value = line.slice(colon + 1);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) return 'control-in-value';
  if (/^[ \t]|[ \t]$/.test(value.replace(/^ /, ''))) return 'padded-value';
  return undefined;
}

export interface HeadToFrame {
  readonly kind: Kind;
  readonly startLine: string;
  /** Of the request, or of the request that a response answers; `INTERIM` for a 1xx response. */
  readonly method: string;
  readonly fields: readonly Field[];
}

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

/** How the body is delimited (RFC 9112 6.3). Everything that leaves room for two opinions is reported. */
export function framingOf(head: HeadToFrame, report: HeadFaults): Framing {
  checkFields(head, report);
  const lengths = valuesOf(head.fields, 'content-length');
  const codings = valuesOf(head.fields, 'transfer-encoding');
  if (lengths.length > 1) report('repeated-length', lengths.join(' / '));
  if (codings.length > 1) report('repeated-transfer-encoding', codings.join(' / '));
  if (lengths.length > 0 && codings.length > 0) report('length-and-chunked', lengths.join(' / '));
  for (const length of lengths) {
    if (!/^(0|[1-9][0-9]{0,14})$/.test(length)) report('bad-length', length);
  }
  for (const coding of codings) {
    if (coding !== 'chunked') report('bad-transfer-encoding', coding);
  }
  if (head.kind === 'response' && hasNoBody(head)) return { kind: 'none' };
  if (codings.length > 0) return { kind: 'chunked' };
  if (lengths.length > 0) return { kind: 'length', length: Number.parseInt(lengths[0]!, 10) || 0 };
  return { kind: head.kind === 'request' ? 'none' : 'close' };
}

function hasNoBody(head: HeadToFrame): boolean {
  const status = Number(head.startLine.slice(9, 12));
  if (status < 200 || status === 204 || status === 304 || head.method === 'HEAD') return true;
  return head.method === 'CONNECT' && status < 300;
}

function checkFields(head: HeadToFrame, report: HeadFaults): void {
  if (head.kind === 'request') {
    checkTarget(head, report);
    const hosts = valuesOf(head.fields, 'host');
    if (hosts.length !== 1) report('not-one-host', `${hosts.length}: ${hosts.join(' / ')}`);
    if (hosts.some((host) => /[^!$&'()*+,\-.:;=[\]_~%0-9A-Za-z]/.test(host))) {
      report('bad-host', hosts.join(' / '));
    }
  }
  for (const [name, value] of head.fields) {
    if (HOP_BY_HOP.test(name)) report('hop-by-hop', name);
    if (/^connection$/i.test(name) && !/^(close|keep-alive|upgrade)$/i.test(value)) {
      report('odd-connection', value);
    }
    if (/^te$/i.test(name) && value !== 'trailers') report('odd-te', value);
  }
}

function checkTarget(head: HeadToFrame, report: HeadFaults): void {
  const target = head.startLine.split(' ')[1]!;
  if (head.method === 'CONNECT') {
    if (!/^[^/@]+:[0-9]+$/.test(target)) report('bad-authority-form', target);
  } else if (!target.startsWith('/') && !(head.method === 'OPTIONS' && target === '*')) {
    report('not-origin-form', target);
  }
}

/** All values of a field, in order; the name in any case. */
export function valuesOf(fields: readonly Field[], name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return fields.filter(([other]) => other.toLowerCase() === wanted).map(([, value]) => value);
}
