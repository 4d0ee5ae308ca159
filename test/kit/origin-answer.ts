/** An answer; every part has a default, and the framing is ours unless `raw` is given. */
export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Sends the body as these chunks, with `transfer-encoding: chunked`. */
  readonly chunks?: readonly (string | Uint8Array)[];
  /** Sent after the chunks; asks for chunked framing. */
  readonly trailers?: Readonly<Record<string, string>>;
  /** Says `connection: close` and closes. */
  readonly close?: boolean;
  /** These bytes exactly, nothing else. */
  readonly raw?: string | Uint8Array;
}

/** An answer, or only its body. */
export type AnswerLike = Answer | string;

export interface EncodedAnswer {
  readonly status: number;
  readonly bytes: Buffer;
  readonly close: boolean;
}

/** The answer's bytes on the wire, canonical unless `raw` says otherwise. */
export function encodeAnswer(answer: AnswerLike, method: string): EncodedAnswer {
  if (typeof answer === 'string') return encodeAnswer({ body: answer }, method);
  const close = answer.close ?? false;
  if (answer.raw !== undefined) {
    const bytes = Buffer.from(answer.raw as string, 'latin1');
    return { status: Number(bytes.toString('latin1', 9, 12)), bytes, close };
  }
  const status = answer.status ?? 200;
  const lines = [`HTTP/1.1 ${status} ${REASONS[status] ?? 'Answer'}`];
  for (const [name, values] of Object.entries(answer.headers ?? {})) {
    for (const value of [values].flat()) lines.push(`${name}: ${value}`);
  }
  if (close) lines.push('connection: close');
  const body = encodeBody(answer, status, lines);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return { status, close, bytes: method === 'HEAD' ? head : Buffer.concat([head, body]) };
}

const REASONS: Readonly<Record<number, string>> = {
  101: 'Switching Protocols',
  200: 'OK',
  204: 'No Content',
  304: 'Not Modified',
  404: 'Not Found',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function encodeBody(answer: Answer, status: number, lines: string[]): Buffer {
  if (answer.chunks !== undefined || answer.trailers !== undefined) {
    lines.push('transfer-encoding: chunked');
    const chunks = answer.chunks ?? [answer.body ?? ''];
    const trailers = Object.entries(answer.trailers ?? {}).map(([n, v]) => `${n}: ${v}\r\n`);
    const end = Buffer.from(`0\r\n${trailers.join('')}\r\n`, 'latin1');
    return Buffer.concat([...chunks.map(encodeChunk), end]);
  }
  const body = Buffer.from((answer.body as string | undefined) ?? '');
  if (status >= 200 && status !== 204 && status !== 304) {
    lines.push(`content-length: ${body.length}`);
  }
  return body;
}

function encodeChunk(chunk: string | Uint8Array): Buffer {
  const bytes = Buffer.from(chunk as string);
  if (bytes.length === 0) return bytes;
  return Buffer.concat([
    Buffer.from(`${bytes.length.toString(16)}\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ]);
}
