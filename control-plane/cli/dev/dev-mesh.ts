import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { ApplyOutcome } from '../../admin/backend.ts';
import { sha256 } from '../../modules/digest.ts';
import { type Client, connect } from '../client.ts';
import { waitInForce } from '../commands/wait.ts';
import { writeObjects } from '../demo/directory.ts';
import type { Io } from '../io.ts';
import { answers, MeshRun, until } from '../run/mesh-run.ts';
import { freePorts } from '../run/ports.ts';
import { DEV_LABELS, devObjects, devPlugin } from './resources.ts';

const LIVE_MS_MAX = 15_000;

/** A module as it was put to work. */
export interface Version {
  readonly number: number;
  readonly file: string;
  readonly sha256: string;
}

/** A control plane and one proxy, with the filter in it. */
export class DevMesh {
  readonly run: MeshRun;
  readonly gatewayPort: number;
  readonly #configuration: JsonObject;
  #client: Client | undefined;
  #count = 0;

  private constructor(run: MeshRun, gatewayPort: number, configuration: JsonObject) {
    this.run = run;
    this.gatewayPort = gatewayPort;
    this.#configuration = configuration;
  }

  static async prepare(directory: string, configuration: JsonObject): Promise<DevMesh> {
    await rm(directory, { recursive: true, force: true });
    const run = new MeshRun(directory);
    await run.prepare();
    for (const name of ['mesh', 'modules', 'requests']) await mkdir(join(directory, name));
    const [gatewayPort = 0] = await freePorts(1);
    return new DevMesh(run, gatewayPort, configuration);
  }

  async start(servicePort: number, io: Io): Promise<Result<void>> {
    const { run, gatewayPort } = this;
    const mesh = join(run.directory, 'mesh');
    await writeObjects(mesh, new Map([['dev.yaml', devObjects(gatewayPort, servicePort)]]));
    const plane = await run.startControlPlane([mesh], join(run.directory, 'run.json'));
    if (!plane.ok) return plane;
    const { admin: address, tokenFile } = plane.value;
    const client = await connect(io.environment, { address, tokenFile });
    if (!client.ok) return client;
    this.#client = client.value;
    const [adminPort = 0] = await freePorts(1);
    const proxy = await run.startProxy({
      type: 'router',
      workload: 'dev',
      namespace: 'default',
      labels: DEV_LABELS,
      httpProxyPort: 0,
      adminPort,
      settings: { concurrency: 1, environment: {} },
    });
    const ready = await run.ready(proxy);
    if (!ready.ok) return ready;
    const serves = await until(proxy.child, () => answers(`http://127.0.0.1:${gatewayPort}/`));
    return serves.ok ? ok(undefined) : serves;
  }

  /** Writes a module beside those before it; nobody uses it yet. */
  async keep(bytes: Uint8Array, sourceMap: string | null): Promise<Version> {
    const number = ++this.#count;
    const file = join(this.run.directory, 'modules', `${number}.wasm`);
    await writeFile(file, bytes);
    if (sourceMap !== null) await writeFile(`${file}.map`, sourceMap);
    return { number, file, sha256: sha256(bytes) };
  }

  /** Puts a version to work; ok when the proxy serves with it, else why it does not. */
  async serve(version: Version): Promise<Result<void>> {
    const url = pathToFileURL(version.file).href;
    const text = JSON.stringify(devPlugin(url, version.sha256, this.#configuration));
    const client = this.#client!;
    const reply = await client.send('POST', '/v1/resources?file=dev.json&dryRun=false', text);
    if (!reply.ok) return reply;
    const { applied, problems, revision } = reply.value.json as unknown as ApplyOutcome;
    const error = problems.find(({ level }: Problem) => level === 'error');
    if (error !== undefined) return fail(error);
    const goal = { revision, objects: applied, timeoutMs: LIVE_MS_MAX };
    const live = await waitInForce(client, goal);
    return live.ok ? ok(undefined) : live;
  }
}
