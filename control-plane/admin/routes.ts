import type { AdminBackend, ObjectName } from './backend.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly text?: string;
}

type Route = readonly [
  method: string,
  pattern: RegExp,
  handle: (backend: AdminBackend, call: Call, parts: readonly string[]) => Answer | Promise<Answer>,
];

/** The API, whole. Paths are stable within `/v1`. */
const ROUTES: readonly Route[] = [
  ['GET', /^\/healthz$/, () => json({ ok: true })],
  ['GET', /^\/metrics$/, async (backend) => ({ status: 200, text: await backend.metrics() })],
  ['GET', /^\/v1\/info$/, (backend) => json(backend.info())],
  ['GET', /^\/v1\/sync$/, (backend) => json(backend.sync())],
  ['GET', /^\/v1\/problems$/, (backend) => json({ problems: backend.problems() })],
  ['GET', /^\/v1\/history$/, (backend) => json({ events: backend.history() })],
  ['GET', /^\/v1\/proxies$/, (backend) => json({ proxies: backend.proxies() })],
  ['GET', /^\/v1\/proxies\/([^/]+)\/config$/, proxyConfig],
  ['GET', /^\/v1\/resources$/, listResources],
  ['POST', /^\/v1\/resources$/, apply],
  ['DELETE', /^\/v1\/resources\/([^/]+)\/([^/]+)\/([^/]+)$/, remove],
  ['GET', /^\/modules\/([0-9a-f]{64})\.wasm$/, module],
];

export async function answerTo(call: Call, backend: AdminBackend): Promise<Answer> {
  let allowed = false;
  for (const [method, pattern, handle] of ROUTES) {
    const match = pattern.exec(call.path);
    if (match === null) continue;
    allowed = true;
    const parts = match.slice(1).map(decoded);
    if (parts.includes(undefined)) return problemAnswer(400, 'the path is not well-formed');
    if (method === call.method) return handle(backend, call, parts as readonly string[]);
  }
  return allowed ? problemAnswer(405, 'method not allowed') : problemAnswer(404, 'no such path');
}

export function problemAnswer(status: number, message: string): Answer {
  return { status, json: { error: message } };
}

function json(value: unknown): Answer {
  return { status: 200, json: value };
}

function proxyConfig(backend: AdminBackend, _: Call, [name = '']: readonly string[]): Answer {
  const config = backend.proxyConfig(name);
  return config === undefined ? problemAnswer(404, `no proxy ${name} is connected`) : json(config);
}

function listResources(backend: AdminBackend, { query }: Call): Answer {
  const wanted = ['kind', 'namespace', 'name'] as const;
  const resources = backend
    .resources()
    .filter((each) => wanted.every((key) => !query.has(key) || query.get(key) === each[key]));
  return json({ resources });
}

async function apply(backend: AdminBackend, { query, body }: Call): Promise<Answer> {
  const file = query.get('file') ?? 'request body';
  const outcome = await backend.apply({ file, text: body, dryRun: query.get('dryRun') === 'true' });
  const refused = outcome.problems.some((problem) => problem.level === 'error');
  return { status: refused && outcome.applied.length === 0 ? 422 : 200, json: outcome };
}

async function remove(
  backend: AdminBackend,
  _: Call,
  [kind = '', namespace = '', name = '']: readonly string[],
): Promise<Answer> {
  const target: ObjectName = { kind, namespace, name };
  const result = await backend.delete(target);
  if (!result.ok) return { status: 409, json: { problems: [result.error] } };
  if (!result.value.deleted) return problemAnswer(404, `there is no ${kind} ${namespace}/${name}`);
  return json(result.value);
}

async function module(
  backend: AdminBackend,
  _: Call,
  [digest = '']: readonly string[],
): Promise<Answer> {
  const bytes = await backend.module(digest);
  return bytes === undefined ? problemAnswer(404, 'no such module') : { status: 200, bytes };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
