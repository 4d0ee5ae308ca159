import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SeenMessage } from '@lateen/host/testing/memory-message';
import { TestHostError } from '@lateen/host/testing/test-host';
import { ok, type Result } from '@lateen/sdk/base/result';
import { EXIT_FAILED, EXIT_USAGE, type Format, type Io } from '../../io.ts';
import { paintFor } from '../../paint.ts';
import { cannot, giveUp, sayProblems } from '../../say.ts';
import { differences } from './differences.ts';
import { readNamed } from './module-file.ts';
import { type Played, type PlayedRequest, play } from './play.ts';
import { findProject } from './project.ts';
import { parseReplay } from './replay.ts';

export interface CallOptions {
  /** A module; default: the one of the filter in this folder. */
  readonly file?: string | undefined;
  readonly request?: string | undefined;
  readonly header?: readonly string[] | undefined;
  readonly data?: string | undefined;
  readonly path: string;
  readonly authority: string;
  /** JSON text, or @FILE. */
  readonly config?: string | undefined;
  readonly record?: string | undefined;
  readonly replay?: string | undefined;
  readonly output: Format;
}

/** Plays one request through a module and shows what the module did with it. */
export async function call(options: CallOptions, io: Io): Promise<number> {
  const bad = (options.header ?? []).find((header) => !header.includes(':'));
  if (bad !== undefined) {
    sayProblems([cannot(`${bad} is no header`, 'write name: value')], io);
    return EXIT_USAGE;
  }
  const module = await findModule(options, io);
  if (!module.ok) return giveUp(module.error, io);
  const request = await readRequest(options, io);
  if (!request.ok) return giveUp(request.error, io);
  if (options.record !== undefined) {
    const file = resolve(io.environment.cwd, options.record);
    await writeFile(file, `${JSON.stringify(request.value, null, 2)}\n`);
  }
  try {
    const without = await play(null, request.value);
    const played = await play(module.value, request.value);
    return tell(played, differences(without, played), options, io);
  } catch (error) {
    if (!(error instanceof TestHostError)) throw error;
    sayProblems(error.problems, io);
    return EXIT_FAILED;
  }
}

/** Absolute; its source map is looked for beside it. */
async function findModule(options: CallOptions, io: Io): Promise<Result<string>> {
  let file = options.file;
  if (file === undefined) {
    const project = await findProject('.', io);
    if (!project.ok) return project;
    file = project.value.out;
  }
  const bytes = await readNamed(file, 'the module', io);
  return bytes.ok ? ok(resolve(io.environment.cwd, file)) : bytes;
}

async function readRequest(options: CallOptions, io: Io): Promise<Result<PlayedRequest>> {
  if (options.replay !== undefined) {
    const text = await readNamed(options.replay, 'the recorded request', io);
    return text.ok ? parseReplay(text.value.toString('utf8'), options.replay) : text;
  }
  const { config = '', data } = options;
  const file = config.startsWith('@') ? config.slice(1) : undefined;
  const read = file === undefined ? ok(config) : await readNamed(file, 'the configuration', io);
  if (!read.ok) return read;
  return ok({
    method: options.request ?? (data === undefined ? 'GET' : 'POST'),
    path: options.path,
    authority: options.authority,
    headers: (options.header ?? []).map(pairOf),
    body: data ?? null,
    configuration: read.value.toString(),
  });
}

function pairOf(header: string): [string, string] {
  const colon = header.indexOf(':');
  return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
}

function tell(played: Played, did: readonly string[], options: CallOptions, io: Io): number {
  const { upstream, response, fault } = played;
  if (options.output === 'json') {
    const { callouts, pausedMs, log, memoryBytes, source } = played;
    const facts = { did, callouts, pausedMs, log, memoryBytes, fault, source };
    io.out(JSON.stringify({ ...facts, upstream: plain(upstream), response: plain(response) }));
  } else io.out(show(played, did, io));
  return fault === null ? 0 : EXIT_FAILED;
}

function plain(message: SeenMessage | null) {
  if (message === null) return null;
  return { ...message, body: message.body.toString('utf8') };
}

function show(played: Played, did: readonly string[], io: Io): string {
  const paint = paintFor(io.environment.color);
  const part = (title: string, lines: readonly string[]) =>
    [paint('bold', title), ...lines.map((line) => `  ${line}`)].join('\n');
  const parts = [part('The filter', did.length === 0 ? ['changed nothing'] : did)];
  if (played.fault !== null)
    parts.push(part(paint('red', 'It failed'), [played.fault, ...played.source.split('\n')]));
  if (played.log.length > 0) parts.push(part('Log', played.log));
  if (played.upstream !== null) parts.push(part('Request to the service', lines(played.upstream)));
  parts.push(part('Response', lines(played.response)));
  return parts.join('\n\n');
}

function lines(message: SeenMessage): readonly string[] {
  const pairs = (list: readonly [string, string][]) => list.map((pair) => pair.join(': '));
  const body = message.body.length === 0 ? [] : ['', ...message.body.toString('utf8').split('\n')];
  return [...pairs(message.headers), ...body, ...pairs(message.trailers)];
}
