import { watch } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import { DevMesh, type Version } from '../../dev/dev-mesh.ts';
import { exchangeLine } from '../../dev/exchange-line.ts';
import { type Exchange, Relay } from '../../dev/relay.ts';
import { EXIT_USAGE, type Io } from '../../io.ts';
import { nextFreePort } from '../../run/ports.ts';
import { untilStopped } from '../../run/until-stopped.ts';
import { cannot, giveUp, sayProblems } from '../../say.ts';
import { compileFilter } from './compile.ts';
import { type PlayedRequest, play } from './play.ts';
import { type FilterProject, findProject } from './project.ts';

export interface DevOptions {
  readonly directory: string;
  readonly port: number;
  /** JSON text of an object. */
  readonly config?: string | undefined;
  readonly output: 'text' | 'json';
}

/** Writes to a file come in pieces. */
const SETTLE_MS = 15;
/** Recorded requests that are kept. */
const REQUESTS_MAX = 100;
const SERVER_ERROR = 500;

/** The filter in a real proxy before a demo service; each save is compiled and put to work. */
export async function dev(options: DevOptions, io: Io): Promise<number> {
  const project = await findProject(options.directory, io);
  if (!project.ok) return giveUp(project.error, io);
  const configuration = parseConfiguration(options.config ?? '{}');
  if (configuration === undefined) {
    sayProblems([cannot('--config is no JSON object')], io);
    return EXIT_USAGE;
  }
  const stopped = untilStopped(io.environment);
  const mesh = await DevMesh.prepare(join(project.value.directory, '.lateen/dev'), configuration);
  const relay = new Relay(mesh.gatewayPort);
  const loop = new DevLoop(project.value, mesh, { ...options, io });
  try {
    const started = await mesh.start(await relay.openService(), io);
    if (!started.ok) return giveUp(started.error, io);
    const port = await relay.openFront(await nextFreePort(options.port));
    relay.onExchange = (exchange) => void loop.seen(exchange);
    loop.say({ event: 'ready', url: `http://127.0.0.1:${port}` }, `http://127.0.0.1:${port}`);
    await loop.change(performance.now());
    const watcher = watch(join(project.value.directory, 'assembly'), { recursive: true }, () =>
      loop.touched(),
    );
    await stopped;
    watcher.close();
    return 0;
  } finally {
    relay.close();
    await mesh.run.stop();
  }
}

function parseConfiguration(text: string): JsonObject | undefined {
  try {
    const json = JSON.parse(text);
    return isJsonObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** What is served, and what comes after it. */
class DevLoop {
  readonly #project: FilterProject;
  readonly #mesh: DevMesh;
  readonly #options: DevOptions & { readonly io: Io };
  #serving: Version | undefined;
  #previous: Version | undefined;
  #busy = false;
  /** When the first change came that is not yet compiled. */
  #savedAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(project: FilterProject, mesh: DevMesh, options: DevOptions & { readonly io: Io }) {
    this.#project = project;
    this.#mesh = mesh;
    this.#options = options;
  }

  say(event: object, text: string): void {
    const { io, output } = this.#options;
    io.out(output === 'json' ? JSON.stringify(event) : text);
  }

  touched(): void {
    this.#savedAt ??= performance.now();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#next(), SETTLE_MS);
  }

  async #next(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#savedAt !== undefined) {
      const at = this.#savedAt;
      this.#savedAt = undefined;
      await this.change(at);
    }
    this.#busy = false;
  }

  /** Compiles, and puts what came of it to work; what served before goes on until then. */
  async change(savedAt: number): Promise<void> {
    const { io } = this.#options;
    const { bytes, sourceMap, problems, ms } = await compileFilter(this.#project, false);
    sayProblems(problems, io);
    if (bytes === null) return this.#goesOn();
    const version = await this.#mesh.keep(bytes, sourceMap);
    const served = await this.#mesh.serve(version);
    if (!served.ok) {
      sayProblems([served.error], io);
      return this.#goesOn();
    }
    this.#previous = this.#serving;
    this.#serving = version;
    const liveMs = performance.now() - savedAt;
    const { number } = version;
    this.say(
      { event: 'live', version: number, size: bytes.length, compileMs: ms, liveMs },
      `version ${number} live after ${liveMs.toFixed(0)} ms (compiled in ${ms.toFixed(0)} ms)`,
    );
  }

  #goesOn(): void {
    const number = this.#serving?.number ?? null;
    this.say(
      { event: 'refused', serving: number },
      number === null ? 'waiting for a change' : `version ${number} goes on`,
    );
  }

  /** Records a request and tells of it; where the filter failed, the version before serves again. */
  async seen(exchange: Exchange): Promise<void> {
    const { id, method, path, status, ms } = exchange;
    const line = exchangeLine(exchange);
    this.say({ event: 'request', id, method, path, status, ms, line }, line);
    const request = recorded(exchange, this.#options.config ?? '');
    const file = join(this.#mesh.run.directory, 'requests', `${id % REQUESTS_MAX}.json`);
    await writeFile(file, `${JSON.stringify(request, null, 2)}\n`);
    const failed = this.#serving;
    if (status < SERVER_ERROR || exchange.arrived !== null || failed === undefined) return;
    const { fault, source } = await play(failed.file, request);
    if (fault === null || failed !== this.#serving) return;
    const tail = source === '' ? '' : `\n${source}`;
    this.say({ event: 'fault', fault, source }, `version ${failed.number} ${fault}${tail}`);
    if (this.#previous === undefined) return;
    this.#serving = this.#previous;
    this.#previous = undefined;
    const back = await this.#mesh.serve(this.#serving);
    if (!back.ok) return sayProblems([back.error], this.#options.io);
    this.say(
      { event: 'back', version: this.#serving.number },
      `version ${this.#serving.number} serves again`,
    );
  }
}

function recorded(exchange: Exchange, configuration: string): PlayedRequest {
  const { method, path, sent, body } = exchange;
  const authority = sent.find(([name]) => name === 'host')?.[1] ?? 'localhost';
  const headers = sent.filter(([name]) => !/^(host|connection|content-length)$/.test(name));
  const text = body.length === 0 ? null : body.toString('utf8');
  return { method, path, authority, headers, body: text, configuration };
}
