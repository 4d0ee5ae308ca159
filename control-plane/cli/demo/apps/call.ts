import { get, type IncomingMessage } from 'node:http';

/** What came back from another service, or why nothing did. */
export interface Reply {
  /** The HTTP status; 0 where no answer came. */
  readonly status: number;
  /** The parsed JSON; undefined unless the status is 200. */
  readonly value: unknown;
  /** Words for a reader; empty on success. */
  readonly error: string;
  readonly milliseconds: number;
}

/** A trace and the user's identity go on to the next service, or the mesh cannot join the spans. */
const FORWARDED = [
  'x-request-id',
  'traceparent',
  'tracestate',
  'baggage',
  'end-user',
  'authorization',
] as const;

const TIMEOUT_MS = 6_000;
const BODY_BYTES_MAX = 1024 * 1024;

export function forwardedHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name of FORWARDED) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  return headers;
}

/**
 * Asks another service by its name. The way through the mesh is HTTP_PROXY, which http.get obeys
 * under NODE_USE_ENV_PROXY=1; nothing here knows of the mesh.
 */
export async function callService(url: string, headers: Record<string, string>): Promise<Reply> {
  const started = performance.now();
  const took = () => Math.round(performance.now() - started);
  try {
    const { status, text } = await fetchText(url, headers, true);
    if (status !== 200)
      return { status, value: undefined, error: text.slice(0, 200), milliseconds: took() };
    return { status, value: JSON.parse(text), error: '', milliseconds: took() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { status: 0, value: undefined, error: reason, milliseconds: took() };
  }
}

interface Text {
  readonly status: number;
  readonly text: string;
}

function fetchText(url: string, headers: Record<string, string>, again: boolean): Promise<Text> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, timeout: TIMEOUT_MS }, (response) => {
      readText(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, text }),
        reject,
      );
    });
    request.on('timeout', () => request.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    request.on('error', (error: NodeJS.ErrnoException) => {
      // A kept connection may be closed by the peer just as we write on it; a GET may go again.
      const stale = request.reusedSocket && error.code === 'ECONNRESET';
      if (stale && again) fetchText(url, headers, false).then(resolve, reject);
      else reject(error);
    });
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Error(`answer over ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
