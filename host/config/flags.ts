import { type LogThreshold, parseComponentThresholds, parseThreshold } from '../observe/log.ts';

/** The command line of `lateen-proxy`: Envoy's names, and `--modules`. */
export interface Flags {
  /** Bootstrap file; undefined where only `configYaml` is given. */
  readonly configPath: string | undefined;
  /** Bootstrap YAML that is merged over the file. */
  readonly configYaml: string | undefined;
  readonly mode: 'serve' | 'validate';
  /** Worker threads; undefined = one for each core. */
  readonly concurrency: number | undefined;
  readonly serviceCluster: string | undefined;
  readonly serviceNode: string | undefined;
  readonly serviceZone: string | undefined;
  readonly logLevel: LogThreshold;
  readonly componentLogLevels: Readonly<Record<string, LogThreshold>>;
  /** Log file; undefined = stderr. */
  readonly logPath: string | undefined;
  readonly fileFlushIntervalMs: number;
  readonly drainTimeMs: number;
  readonly drainStrategy: 'gradual' | 'immediate';
  readonly parentShutdownTimeMs: number;
  readonly adminAddressPath: string | undefined;
  /** Directory with the `manifest.json` of the modules to load; undefined = the bundled ones. */
  readonly modulesDir: string | undefined;
  /** Flags of Envoy that were given and have no effect here. */
  readonly ignored: readonly string[];
}

export type ParsedFlags =
  | { readonly kind: 'run'; readonly flags: Flags }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  /** Exit code 64. */
  | { readonly kind: 'usage'; readonly message: string };

/** BSD's EX_USAGE. */
export const USAGE_EXIT_CODE = 64;

export const USAGE = `usage: lateen-proxy -c FILE [options]

  -c, --config-path FILE         Envoy v3 bootstrap, YAML or JSON
      --config-yaml YAML         bootstrap given directly; merged over FILE
      --mode serve|validate      validate: check the configuration and exit
      --concurrency N            worker threads (default: one for each core)
      --service-cluster NAME     the node's cluster
      --service-node ID          the node's id
      --service-zone ZONE        the node's zone
  -l, --log-level LEVEL          trace, debug, info, warning, error, critical or off
      --component-log-level X:L  levels of single components, separated by commas
      --log-path FILE            log into a file instead of stderr
      --modules DIR              the filter modules to load, with their manifest.json
      --drain-time-s N           how long draining takes at most (default 600)
      --file-flush-interval-msec N   how often log files are written (default 1000)
      --admin-address-path FILE  where to write the admin's address
      --version, --help
`;

type Draft = { -readonly [Name in keyof Flags]: Flags[Name] };

/** Takes a value, stores it, and says what is wrong with it, if anything. */
type Setter = (draft: Draft, value: string) => string | undefined;

function text(set: (draft: Draft, value: string) => void): Setter {
  return (draft, value) => {
    set(draft, value);
    return undefined;
  };
}

function whole(min: number, max: number, set: (draft: Draft, value: number) => void): Setter {
  return (draft, value) => {
    const number = Number(value);
    const fits = /^\d+$/.test(value) && number >= min && number <= max;
    if (fits) set(draft, number);
    return fits ? undefined : `must be a whole number from ${min} to ${max}`;
  };
}

function oneOf<Value extends string>(
  values: readonly Value[],
  set: (draft: Draft, value: Value) => void,
): Setter {
  return (draft, value) => {
    const known = values.find((candidate) => candidate === value);
    if (known !== undefined) set(draft, known);
    return known === undefined ? `must be ${values.join(' or ')}` : undefined;
  };
}

const DAY_S = 86_400;

const SETTERS: ReadonlyMap<string, Setter> = new Map<string, Setter>([
  ['config-path', text((d, v) => (d.configPath = v))],
  ['config-yaml', text((d, v) => (d.configYaml = v))],
  ['mode', oneOf(['serve', 'validate'], (d, v) => (d.mode = v))],
  ['concurrency', whole(0, 1024, (d, v) => (d.concurrency = v))],
  ['service-cluster', text((d, v) => (d.serviceCluster = v))],
  ['service-node', text((d, v) => (d.serviceNode = v))],
  ['service-zone', text((d, v) => (d.serviceZone = v))],
  ['log-level', setLogLevel],
  ['component-log-level', setComponentLogLevels],
  ['log-path', text((d, v) => (d.logPath = v))],
  ['file-flush-interval-msec', whole(1, DAY_S * 1000, (d, v) => (d.fileFlushIntervalMs = v))],
  ['drain-time-s', whole(0, DAY_S, (d, v) => (d.drainTimeMs = v * 1000))],
  ['drain-strategy', oneOf(['gradual', 'immediate'], (d, v) => (d.drainStrategy = v))],
  ['parent-shutdown-time-s', whole(0, DAY_S, (d, v) => (d.parentShutdownTimeMs = v * 1000))],
  ['admin-address-path', text((d, v) => (d.adminAddressPath = v))],
  ['modules', text((d, v) => (d.modulesDir = v))],
]);

const SHORT: ReadonlyMap<string, string> = new Map([
  ['-c', 'config-path'],
  ['-l', 'log-level'],
]);

/** Envoy's flags that make no difference here: with a value, and without one. */
const IGNORED_WITH_VALUE = new Set([
  'base-id',
  'base-id-path',
  'bootstrap-version',
  'restart-epoch',
  'local-address-ip-version',
  'log-format',
  'socket-path',
  'socket-mode',
  'disable-extensions',
  'stats-tag',
  'max-obj-name-len',
  'max-stats',
]);
const IGNORED_SWITCHES = new Set([
  'use-dynamic-base-id',
  'disable-hot-restart',
  'enable-mutex-tracing',
  'enable-fine-grain-logging',
  'enable-core-dump',
  'cpuset-threads',
  'log-format-escaped',
  'allow-unknown-fields',
  'allow-unknown-static-fields',
  'reject-unknown-dynamic-fields',
  'ignore-unknown-dynamic-fields',
  'skip-hot-restart-parent-stats',
  'skip-hot-restart-on-no-parent',
  'skip-deprecated-logs',
]);

/** Reads the arguments behind the program's name. */
export function parseFlags(args: readonly string[]): ParsedFlags {
  const draft = defaults();
  const ignored: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const { name, inline } = splitFlag(args[index]!);
    if (name === 'help' || name === 'h') return { kind: 'help' };
    if (name === 'version') return { kind: 'version' };
    if (name === undefined) return usage(`unexpected argument ${args[index]}`);
    if (IGNORED_SWITCHES.has(name)) {
      ignored.push(`--${name}`);
      continue;
    }
    const setter = SETTERS.get(name);
    const takesValue = setter !== undefined || IGNORED_WITH_VALUE.has(name);
    if (!takesValue) return usage(`unknown flag ${args[index]}`);
    const value = inline ?? args[++index];
    if (value === undefined) return usage(`--${name} needs a value`);
    const fault = setter?.(draft, value);
    if (fault !== undefined) return usage(`--${name} ${value}: ${fault}`);
    if (setter === undefined) ignored.push(`--${name}`);
  }
  if (draft.configPath === undefined && draft.configYaml === undefined) {
    return usage('a configuration is needed: -c FILE or --config-yaml YAML');
  }
  return { kind: 'run', flags: { ...draft, ignored } };
}

function splitFlag(argument: string): { name?: string; inline?: string } {
  const short = SHORT.get(argument);
  if (short !== undefined) return { name: short };
  const match = /^--?([a-z][a-z-]*)(?:=([\s\S]*))?$/.exec(argument);
  if (match === null) return {};
  const name = match[1]!;
  return match[2] === undefined ? { name } : { name, inline: match[2] };
}

function usage(message: string): ParsedFlags {
  return { kind: 'usage', message };
}

function setLogLevel(draft: Draft, value: string): string | undefined {
  const level = parseThreshold(value);
  if (level === undefined) return 'must be trace, debug, info, warning, error, critical or off';
  draft.logLevel = level;
  return undefined;
}

function setComponentLogLevels(draft: Draft, value: string): string | undefined {
  const levels = parseComponentThresholds(value);
  if (levels === undefined) return 'must look like upstream:debug,http:trace';
  draft.componentLogLevels = levels;
  return undefined;
}

function defaults(): Draft {
  return {
    configPath: undefined,
    configYaml: undefined,
    mode: 'serve',
    concurrency: undefined,
    serviceCluster: undefined,
    serviceNode: undefined,
    serviceZone: undefined,
    logLevel: 'info',
    componentLogLevels: {},
    logPath: undefined,
    fileFlushIntervalMs: 1000,
    drainTimeMs: 600_000,
    drainStrategy: 'gradual',
    parentShutdownTimeMs: 900_000,
    adminAddressPath: undefined,
    modulesDir: undefined,
    ignored: [],
  };
}
