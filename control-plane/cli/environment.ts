import { delimiter } from 'node:path';

/** What the command line takes from its surroundings. Nothing else here reads the environment. */
export interface Environment {
  readonly cwd: string;
  /** LATEEN_HOME: where a running control plane leaves its address; default `.lateen`. */
  readonly home: string | undefined;
  /** LATEEN_ADDRESS and LATEEN_TOKEN_FILE: the control plane to talk to. */
  readonly address: string | undefined;
  readonly tokenFile: string | undefined;
  /** Colours: a terminal, and neither NO_COLOR nor TERM=dumb. */
  readonly color: boolean;
  readonly terminal: boolean;
  /** npm stands between the terminal and us. */
  readonly underNpm: boolean;
  /** How the user calls this program, for commands that are printed to be copied. */
  readonly command: string;
  /** COSIGN_PASSWORD: opens an encrypted private key. */
  readonly keyPassword?: string | undefined;
  /** WASM_INSECURE_REGISTRIES, as in Istio: `host[:port],...`, spoken to without TLS too. */
  readonly insecureRegistries?: readonly string[];
  /** DOCKER_CONFIG: the directory of the docker config file with credentials for registries. */
  readonly dockerConfig?: string | undefined;
  readonly userHome?: string | undefined;
  /** LATEEN_MODULE_KEYS: files of public keys; modules must be signed with one of them. */
  readonly moduleKeys?: readonly string[];
  /** LATEEN_REQUIRE_SIGNED_MODULES: `true` or `1`. */
  readonly requireSigned?: boolean;
}

export function readEnvironment(): Environment {
  const { env } = process;
  const terminal = process.stdout.isTTY === true;
  const plain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return {
    cwd: process.cwd(),
    home: env['LATEEN_HOME'] || undefined,
    address: env['LATEEN_ADDRESS'] || undefined,
    tokenFile: env['LATEEN_TOKEN_FILE'] || undefined,
    color: terminal && !plain,
    terminal,
    underNpm: env['npm_lifecycle_event'] !== undefined,
    command: env['npm_lifecycle_event'] === undefined ? 'lateen' : 'npx lateen',
    keyPassword: env['COSIGN_PASSWORD'],
    insecureRegistries: listOf(env['WASM_INSECURE_REGISTRIES'], ','),
    dockerConfig: env['DOCKER_CONFIG'] || undefined,
    userHome: env['HOME'] || undefined,
    moduleKeys: listOf(env['LATEEN_MODULE_KEYS'], delimiter),
    requireSigned: /^(1|true)$/.test(env['LATEEN_REQUIRE_SIGNED_MODULES'] ?? ''),
  };
}

function listOf(text: string | undefined, separator: string): readonly string[] {
  const parts = (text ?? '').split(separator).map((part) => part.trim());
  return parts.filter((part) => part !== '');
}
