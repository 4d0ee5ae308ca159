import { join } from 'node:path';
import { type Child, run, startNode } from '../../kit/child-process.ts';
import { freePorts } from '../../kit/free-port.ts';
import type { Answer } from '../../kit/origin-answer.ts';
import { fetchRaw, type RawResponse } from '../../kit/raw-client.ts';
import { type RecordedRequest, RecordingOrigin } from '../../kit/recording-origin.ts';
import { TemporaryDirectory } from '../../kit/temporary-directory.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { ROOT } from '../../tidy/sources.ts';
import { meshFiles } from './resources.ts';

const START_MS = 60_000;
/** The command as a user starts it. */
const LATEEN = join(ROOT, 'control-plane/bin/lateen.mjs');

/** The line that `lateen up -o json` prints once all is up. */
interface Summary {
  readonly admin: string;
  readonly ads: string;
  readonly tokenFile: string;
  readonly proxies: readonly {
    readonly name: string;
    readonly nodeId: string;
    readonly pid: number;
    readonly admin: string;
    /** The port of a sidecar's HTTP proxy. */
    readonly outbound?: number;
  }[];
}

/** One object of `lateen get -o json`, as far as tests look at it. */
export interface Resource {
  readonly name: string;
  readonly state: string;
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly plugin?: {
    readonly fetched: string;
    readonly verified: string;
    readonly compiled: string;
    readonly configured: string;
    readonly active: number;
    readonly proxies: number;
    readonly serving: string;
    readonly message?: string;
  };
}

export interface SmallMeshOptions {
  /** More files of resources, or others than the usual ones. */
  readonly files?: Readonly<Record<string, string>>;
}

/**
 * A mesh of two proxies in processes of their own, as `lateen up` runs it: a gateway and a
 * sidecar before `web`. The applications are origins in the test's process: they send each body
 * back, say who they are, and which `x-version` they were called with.
 */
export class SmallMesh {
  readonly #resources: AsyncDisposableStack;
  readonly directory: TemporaryDirectory;
  up: Child;
  readonly gateway: number;
  readonly inbound: number;
  readonly web: RecordingOrigin;
  readonly other: RecordingOrigin;
  summary: Summary;

  private constructor(parts: {
    readonly resources: AsyncDisposableStack;
    readonly directory: TemporaryDirectory;
    readonly up: Child;
    readonly ports: readonly number[];
    readonly origins: readonly RecordingOrigin[];
    readonly summary: Summary;
  }) {
    this.#resources = parts.resources;
    this.directory = parts.directory;
    this.up = parts.up;
    this.gateway = parts.ports[0]!;
    this.inbound = parts.ports[1]!;
    this.web = parts.origins[0]!;
    this.other = parts.origins[1]!;
    this.summary = parts.summary;
  }

  static async start(options: SmallMeshOptions = {}): Promise<SmallMesh> {
    await using started = new AsyncDisposableStack();
    const origins = [
      started.use(await openOrigin('web')),
      started.use(await openOrigin('other')),
    ] as const;
    const ports = await freePorts(2);
    const [gateway = 0, inbound = 0] = ports;
    const [web, other] = origins;
    const files = {
      ...meshFiles({ gateway, inbound, web: web.port, other: other.port }),
      ...options.files,
    };
    const directory = started.use(await TemporaryDirectory.make(files));
    const up = started.use(startUp(directory));
    const summary = await summaryOf(up);
    return new SmallMesh({ resources: started.move(), directory, up, ports, origins, summary });
  }

  /** Stops `lateen up` and starts it again, on the same files and the same state. */
  async restart(): Promise<void> {
    await this.up.stop({ deadlineMs: 10_000 });
    this.up = startUp(this.directory);
    this.summary = await summaryOf(this.up);
  }

  /** Runs a command of the command line beside it. */
  async lateen(...args: string[]) {
    return await this.lateenWith({}, ...args);
  }

  /** The same with more in its environment. */
  async lateenWith(more: Readonly<Record<string, string>>, ...args: string[]) {
    const { cwd, env } = environment(this.directory);
    const options = { cwd, env: { ...env, ...more }, deadlineMs: 60_000 };
    return await run(process.execPath, ['--conditions=lateen-source', LATEEN, ...args], options);
  }

  /** Calls the control plane's admin API. */
  async api(method: string, path: string, body?: string): Promise<Response> {
    const token = (await this.directory.read(this.#tokenFile)).trim();
    return await fetch(new URL(path, this.summary.admin), {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    });
  }

  /** What `lateen apply` does without `--wait`, and without starting a process. */
  async apply(yaml: string): Promise<void> {
    const response = await this.api('POST', '/v1/resources?file=test.yaml', yaml);
    if (response.status !== 200) throw new Error(`refused: ${await response.text()}`);
  }

  async delete(kind: string, name: string): Promise<void> {
    const response = await this.api('DELETE', `/v1/resources/${kind}/default/${name}`);
    if (response.status !== 200) throw new Error(`not deleted: ${await response.text()}`);
  }

  /** A resource as the control plane sees it. */
  async resource(kind: string, name: string): Promise<Resource | undefined> {
    const response = await this.api('GET', `/v1/resources?kind=${kind}&name=${name}`);
    return ((await response.json()) as { resources: Resource[] }).resources[0];
  }

  /** One request through the gateway, on a connection of its own. */
  async get(path: string, headers: readonly (readonly [string, string])[] = []) {
    return await fetchRaw(this.gateway, `GET ${path} HTTP/1.1`, headers);
  }

  /** Asks until an answer pleases. */
  async until(
    what: string,
    pleases: (answer: RawResponse) => boolean,
    path = '/',
  ): Promise<RawResponse> {
    return await waitFor(
      what,
      async () => {
        const answer = await this.get(path);
        return pleases(answer) ? answer : undefined;
      },
      { deadlineMs: 10_000 },
    );
  }

  /** Text of a page of a proxy's admin interface. */
  async adminPage(proxy: string, path: string): Promise<string> {
    const { admin } = this.proxy(proxy);
    return await (await fetch(new URL(path, admin))).text();
  }

  proxy(name: string) {
    const proxy = this.summary.proxies.find((each) => each.name === `${name}.default`);
    if (proxy === undefined) throw new Error(`there is no proxy ${name}`);
    return proxy;
  }

  async log(name: string): Promise<string> {
    return await this.directory.read(`home/up/logs/${name}.log`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.up.stop({ deadlineMs: 10_000 });
    await this.#resources.disposeAsync();
  }

  get #tokenFile(): string {
    return this.summary.tokenFile.slice(this.directory.path.length + 1);
  }
}

function startUp(directory: TemporaryDirectory): Child {
  return startNode(LATEEN, ['up', '-f', 'mesh', '-o', 'json'], environment(directory));
}

async function summaryOf(up: Child): Promise<Summary> {
  const [line] = await up.waitForOutput(/^\{.*"proxies".*\}$/m, { deadlineMs: START_MS });
  return JSON.parse(line);
}

function environment(directory: TemporaryDirectory) {
  return { cwd: directory.path, env: { LATEEN_HOME: directory.join('home') } };
}

async function openOrigin(name: string): Promise<RecordingOrigin> {
  return await RecordingOrigin.open({ record: false, answer: (request) => echo(name, request) });
}

function echo(name: string, request: RecordedRequest): Answer {
  const seen = request.fields.filter(([field]) => field.toLowerCase() === 'x-version');
  const versions = seen.map(([, value]) => value).join(',');
  return {
    headers: { 'x-from': name, 'x-seen': versions === '' ? 'none' : versions },
    body: request.body.length > 0 ? request.body : `${name} ${request.target}`,
  };
}
