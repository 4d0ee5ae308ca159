import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** What a small service of the demo is told from outside. Only here the environment is read. */
export interface Settings {
  readonly host: string;
  /** 0 lets the system choose; the line printed at start names it. */
  readonly port: number;
  /** `v1`, `v2` or `v3`. */
  readonly version: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request with its path already taken apart. */
export interface Call {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly url: URL;
  /** Reads the body, at most 64 KiB; a longer one is cut off with an error. */
  readonly body: () => Promise<string>;
}

export type Handler = (call: Call) => Answer | undefined | Promise<Answer | undefined>;

const BODY_BYTES_MAX = 64 * 1024;
/** Longer than a proxy keeps an idle connection (an hour), so that the proxy is the one to close it. */
const KEEP_ALIVE_MS = 3_660_000;

export function readSettings(): Settings {
  const { HOST, PORT, SERVICE_VERSION } = process.env;
  return {
    host: HOST ?? '127.0.0.1',
    port: Number(PORT ?? 9080),
    version: SERVICE_VERSION ?? 'v1',
  };
}

/** Serves until told to stop by SIGTERM or SIGINT. Its parent's end is the lifeline's business. */
export function serve(name: string, settings: Settings, handle: Handler): void {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    answer(request, response, name, handle).catch((error: unknown) => {
      console.error(`${name}: ${error instanceof Error ? error.stack : error}`);
      if (!response.headersSent) send(response, { status: 500, body: { error: 'internal error' } });
      else response.destroy();
    });
  });
  server.on('error', (error) => {
    console.error(`${name}: ${error.message}`);
    process.exit(1);
  });
  server.listen(settings.port, settings.host, () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : settings.port;
    console.log(`${name} ${settings.version} listening on http://${settings.host}:${port}`);
  });
  const stop = () => {
    // Requests under way are answered; idle connections are closed at once.
    server.close(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  handle: Handler,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://service');
  if (url.pathname === '/health') {
    send(response, { status: 200, body: { status: `${name} is healthy` } });
    return;
  }
  const call = { request, method: request.method ?? 'GET', url, body: () => readBody(request) };
  send(response, (await handle(call)) ?? { status: 404, body: { error: 'not found' } });
  request.resume();
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json';
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Error(`body over ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
