import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '@lateen/sdk/base/clock';
import { formatProblem, type Problem } from '@lateen/sdk/base/problem';
import { readEnvironment } from './cli/environment.ts';
import { isLogLevel, openLog } from './log.ts';
import { type ModuleFlags, readModuleSettings } from './module-settings.ts';
import { openPlane, type Plane, type PlaneOptions } from './plane.ts';

const VERSION = '0.1.0';
const EXIT_USAGE = 64;
const ADS_PORT = 15_010;
const ADMIN_PORT = 15_014;
/** How many ports after a default one are tried when it is taken. */
const PORTS_TRIED = 50;

const HELP = `Usage: lateen-control-plane -f PATH [options]

  -f, --filename PATH   files and directories of resources, watched; may be repeated
      --state DIR       own files: token, applied resources, modules (default: .lateen)
      --address ADDR    loopback address to listen on (default: 127.0.0.1)
      --ads-port N      port of ADS (default: ${ADS_PORT}, or the next free one; 0: any)
      --admin-port N    port of the admin API (default: ${ADMIN_PORT}, or the next free one; 0: any)
      --run-file PATH   where to write the addresses as JSON (default: run.json in the state directory)
      --module-key FILE modules of plugins must be signed with this public key, or another so named
      --require-signed-modules   every plugin must name a verificationKey, where there is no --module-key
      --insecure-registry HOST[:PORT]   may be spoken to without TLS; may be repeated; * is all
      --log-level L     trace, debug, info, warn, error, critical (default: info)
      --version, --help`;

interface Flags {
  readonly filename: readonly string[];
  readonly state: string;
  readonly address: string;
  readonly adsPort: number | undefined;
  readonly adminPort: number | undefined;
  readonly runFile: string;
  readonly logLevel: string;
  readonly modules: ModuleFlags;
}

const OPTIONS = {
  filename: { type: 'string', short: 'f', multiple: true },
  state: { type: 'string' },
  address: { type: 'string' },
  'ads-port': { type: 'string' },
  'admin-port': { type: 'string' },
  'run-file': { type: 'string' },
  'module-key': { type: 'string', multiple: true },
  'require-signed-modules': { type: 'boolean' },
  'insecure-registry': { type: 'string', multiple: true },
  'log-level': { type: 'string' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const flags = readFlags(args);
  if (typeof flags === 'number') return flags;
  const log = openLog(isLogLevel(flags.logLevel) ? flags.logLevel : 'info');
  const modules = await readModuleSettings(flags.modules);
  if (!modules.ok) {
    say(formatProblem({ ...modules.error, origin: { resource: 'lateen-control-plane' } }));
    return EXIT_USAGE;
  }
  const plane = await openOnFreePorts(flags, {
    paths: flags.filename,
    stateDirectory: flags.state,
    address: flags.address,
    adminPort: flags.adminPort ?? ADMIN_PORT,
    adsPort: flags.adsPort ?? ADS_PORT,
    version: VERSION,
    modules: modules.value,
    clock: systemClock,
    log,
    onProblems: (appeared) => say(appeared.map(formatProblem).join('\n')),
  });
  if (!plane.ok) {
    say(formatProblem(plane.error));
    return 1;
  }
  await announce(plane.value, flags.runFile);
  await stopped();
  await plane.value.close();
  await withdraw(flags.runFile);
  return 0;
}

type Opened = Awaited<ReturnType<typeof openPlane>>;

/** A default port that is taken gives way to the next; one that was asked for does not. */
async function openOnFreePorts(flags: Flags, options: PlaneOptions): Promise<Opened> {
  let { adminPort, adsPort } = options;
  for (;;) {
    const plane = await openPlane({ ...options, adminPort, adsPort });
    if (plane.ok || !isTaken(plane.error)) return plane;
    const ads = plane.error.origin.resource === 'ADS';
    const fixed = ads ? flags.adsPort : flags.adminPort;
    const tried = ads ? adsPort - ADS_PORT : adminPort - ADMIN_PORT;
    if (fixed !== undefined || tried >= PORTS_TRIED) return plane;
    const taken = ads ? adsPort : adminPort;
    say(`port ${taken} is taken, trying ${taken + 1}`);
    if (ads) adsPort += 1;
    else adminPort += 1;
  }
}

function isTaken(problem: Problem): boolean {
  return /EADDRINUSE|already in use|No address added/.test(problem.message);
}

/** The addresses, for whoever started us and for the command line; complete or not there at all. */
async function announce(plane: Plane, path: string): Promise<void> {
  const { adminUrl, adsAddress, tokenFile } = plane;
  const run = { pid: process.pid, admin: adminUrl, ads: adsAddress, tokenFile };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, path);
  console.log(`admin ${adminUrl}  ads ${adsAddress}  token ${tokenFile}`);
}

/** Another control plane may have written its own meanwhile. */
async function withdraw(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '');
  if (text.includes(`"pid": ${process.pid},`)) await rm(path, { force: true });
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function stopped(): Promise<void> {
  return new Promise((done) => {
    process.once('SIGINT', () => done());
    process.once('SIGTERM', () => done());
  });
}

/** A number is an exit code: all has been said. */
function readFlags(args: readonly string[]): Flags | number {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false });
    if (values.help === true || values.version === true) {
      console.log(values.help === true ? HELP : VERSION);
      return 0;
    }
    const filename = values.filename ?? [];
    if (filename.length === 0) throw new Error('-f PATH is missing');
    const state = resolve(values.state ?? '.lateen');
    const logLevel = values['log-level'] ?? 'info';
    if (!isLogLevel(logLevel)) throw new Error(`${logLevel} is no log level`);
    return {
      filename,
      state,
      address: values.address ?? '127.0.0.1',
      adsPort: portOf(values['ads-port']),
      adminPort: portOf(values['admin-port']),
      runFile: resolve(values['run-file'] ?? `${state}/run.json`),
      logLevel,
      modules: moduleFlags(values),
    };
  } catch (error) {
    say(`lateen-control-plane: ${error instanceof Error ? error.message : error}`);
    say('  fix: lateen-control-plane --help lists the options');
    return EXIT_USAGE;
  }
}

function moduleFlags(values: {
  readonly 'module-key'?: string[] | undefined;
  readonly 'require-signed-modules'?: boolean | undefined;
  readonly 'insecure-registry'?: string[] | undefined;
}): ModuleFlags {
  const environment = readEnvironment();
  return {
    keyFiles: [...(values['module-key'] ?? []), ...(environment.moduleKeys ?? [])],
    requireSigned: values['require-signed-modules'] ?? environment.requireSigned ?? false,
    insecureRegistries: [
      ...(values['insecure-registry'] ?? []),
      ...(environment.insecureRegistries ?? []),
    ],
    dockerConfig: environment.dockerConfig,
  };
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`${text} is no port`);
  return port;
}
