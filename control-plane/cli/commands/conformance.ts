import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { EXIT_FAILED, EXIT_FINDINGS, EXIT_USAGE, type Format, type Io } from '../io.ts';
import { cannot, giveUp, sayProblems } from '../say.ts';
import { CASES, type ConformanceCase } from './conformance-cases.ts';
import { compileFilter } from './filter/compile.ts';

export interface ConformanceOptions {
  /** URL of the host under test, which has the driver module and proxies to our service. */
  readonly host?: string | undefined;
  /** Where our service listens. */
  readonly echo: number;
  /** Write the driver module to this file instead. */
  readonly writeModule?: string | undefined;
  readonly output: Format;
}

interface Verdict {
  readonly name: string;
  readonly pass: boolean;
  readonly why: string;
}

const CASE = 'x-conformance-case';
const ANSWER_MS_MAX = 5_000;

/** Runs every case against a Proxy-Wasm host, ours or another; exits with 79 where one fails. */
export async function conformance(options: ConformanceOptions, io: Io): Promise<number> {
  if (options.writeModule !== undefined) return writeDriver(options.writeModule, io);
  if (options.host === undefined || !URL.canParse(options.host)) {
    sayProblems([cannot('--host is no URL', 'for example --host http://127.0.0.1:8080')], io);
    return EXIT_USAGE;
  }
  const arrived = new Map<string, IncomingHttpHeaders>();
  const service = createServer(async (from, to) => {
    arrived.set(String(from.headers[CASE]), from.headers);
    const body = await buffer(from);
    to.writeHead(200, { 'content-type': 'text/plain' }).end(body.length > 0 ? body : 'hello\n');
  });
  const failure = await new Promise<Error | undefined>((done) => {
    service.once('error', done);
    service.listen(options.echo, '127.0.0.1', () => done(undefined));
  });
  if (failure !== undefined) return giveUp(cannot(`--echo: ${failure.message}`), io);
  const verdicts: Verdict[] = [];
  for (const one of CASES) {
    const why = await judge(new URL(options.host), one, arrived).catch(String);
    verdicts.push({ name: one.name, pass: why === '', why });
    if (options.output === 'text')
      io.out(`${why === '' ? 'pass' : 'FAIL'} ${one.name} ${why}`.trim());
  }
  service.close();
  service.closeAllConnections();
  const failed = verdicts.filter(({ pass }) => !pass).length;
  if (options.output === 'json') io.out(JSON.stringify({ failed, cases: verdicts }));
  else io.out(`${verdicts.length - failed} of ${verdicts.length} cases pass`);
  return failed === 0 ? 0 : EXIT_FINDINGS;
}

/** Why the case fails; empty where it passes. */
async function judge(
  host: URL,
  one: ConformanceCase,
  arrived: ReadonlyMap<string, IncomingHttpHeaders>,
): Promise<string> {
  const { status, body, header, arrives } = one.expect;
  const answer = await send(host, one);
  if (answer.status !== status) return `answers ${answer.status}, expected ${status}`;
  if (answer.body !== body) return `says "${answer.body}", expected "${body}"`;
  if (header !== undefined && answer.headers[header[0]] !== header[1]) {
    return `has ${header[0]}: ${answer.headers[header[0]]}, expected ${header[1]}`;
  }
  const there = arrived.get(one.name);
  if (arrives === false) return there === undefined ? '' : 'the request reached the service';
  if (arrives === null) return '';
  if (there === undefined) return 'the request did not reach the service';
  const [name, value] = arrives;
  return there[name] === value ? '' : `sends ${name}: ${there[name]}, expected ${value}`;
}

function send(
  host: URL,
  one: ConformanceCase,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  return new Promise((done, fail) => {
    const method = one.body === undefined ? 'GET' : 'POST';
    const options = { method, agent: false, timeout: ANSWER_MS_MAX, headers: { [CASE]: one.name } };
    const outgoing = request(host, options, (message) => {
      buffer(message).then((read) => {
        const { statusCode: status = 0, headers } = message;
        done({ status, headers, body: read.toString('utf8') });
      }, fail);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${ANSWER_MS_MAX} ms`)));
    outgoing.on('error', fail);
    outgoing.end(one.body);
  });
}

async function writeDriver(file: string, io: Io): Promise<number> {
  const directory = dirname(createRequire(import.meta.url).resolve('@lateen/sdk/package.json'));
  const entry = 'assembly/conformance/driver.ts';
  const project = { name: 'conformance', directory, entry, out: 'conformance.wasm' };
  const { bytes, problems } = await compileFilter(project, true);
  sayProblems(problems, io);
  if (bytes === null) return EXIT_FAILED;
  await writeFile(resolve(io.environment.cwd, file), bytes);
  io.out(`${file}  ${bytes.length} bytes`);
  return 0;
}
