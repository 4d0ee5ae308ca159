import { existsSync } from 'node:fs';
import { Child } from './child-process.ts';
import { freePort } from './free-port.ts';
import { TemporaryDirectory } from './temporary-directory.ts';
import { waitFor } from './wait-for.ts';

const BINARY = '/usr/bin/docker-registry';

/** Why tests against a real registry are skipped; undefined where they run. */
export const noRegistry: string | undefined = existsSync(BINARY)
  ? undefined
  : 'docker-registry is not installed (apt-get install docker-registry)';

/** As `htpasswd -nbB user s3cret` writes it. */
export const HTPASSWD = 'user:$2y$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n';

export interface RegistryOptions {
  /** Lines of an htpasswd file (bcrypt): asks for Basic credentials. */
  readonly htpasswd?: string;
  /** Bearer tokens, checked against the certificate of who signs them. */
  readonly token?: {
    readonly realm: string;
    readonly service: string;
    readonly issuer: string;
    readonly certificate: string;
  };
  readonly tls?: { readonly certificate: string; readonly privateKey: string };
  /** The port of one that was stopped. */
  readonly port?: number;
  /** Where it keeps its blobs; default: a directory that goes with it. */
  readonly storage?: string;
}

/** Debian's docker-registry (the reference implementation) on a free port. */
export class DockerRegistry {
  readonly #resources: AsyncDisposableStack;
  readonly port: number;
  /** `127.0.0.1:port`, as references name it. */
  readonly host: string;
  readonly child: Child;

  private constructor(resources: AsyncDisposableStack, port: number, child: Child) {
    this.#resources = resources;
    this.port = port;
    this.host = `127.0.0.1:${port}`;
    this.child = child;
  }

  static async start(options: RegistryOptions = {}): Promise<DockerRegistry> {
    await using started = new AsyncDisposableStack();
    const port = options.port ?? (await freePort());
    const directory = started.use(await TemporaryDirectory.make());
    await directory.write('htpasswd', options.htpasswd ?? '');
    await directory.write('token.pem', options.token?.certificate ?? '');
    await directory.write('cert.pem', options.tls?.certificate ?? '');
    await directory.write('key.pem', options.tls?.privateKey ?? '');
    const config = await directory.write('config.yml', configOf(options, port, directory));
    const child = started.use(new Child(BINARY, ['serve', config]));
    const registry = new DockerRegistry(started.move(), port, child);
    await waitFor('docker-registry', () => registry.answers(options), { deadlineMs: 15_000 });
    return registry;
  }

  async answers({ tls }: RegistryOptions): Promise<boolean> {
    if (!this.child.running) throw new Error(this.child.stderr);
    if (tls !== undefined) return /listening on/.test(this.child.stderr + this.child.stdout);
    const response = await fetch(`http://${this.host}/v2/`);
    await response.arrayBuffer();
    return response.status === 200 || response.status === 401;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function configOf(options: RegistryOptions, port: number, directory: TemporaryDirectory): string {
  const { tls, token } = options;
  const auth =
    options.htpasswd !== undefined
      ? { htpasswd: { realm: 'test', path: directory.join('htpasswd') } }
      : token === undefined
        ? undefined
        : {
            token: {
              realm: token.realm,
              service: token.service,
              issuer: token.issuer,
              rootcertbundle: directory.join('token.pem'),
            },
          };
  const files = { certificate: directory.join('cert.pem'), key: directory.join('key.pem') };
  // YAML reads JSON.
  return JSON.stringify({
    version: 0.1,
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: options.storage ?? directory.join('blobs') } },
    http: { addr: `127.0.0.1:${port}`, ...(tls === undefined ? {} : { tls: files }) },
    ...(auth === undefined ? {} : { auth }),
  });
}
