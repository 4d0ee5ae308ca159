import { silentLog } from '@lateen/sdk/base/log';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { TemporaryDirectory } from '../../../test/kit/temporary-directory.ts';
import type { ConfigObject } from '../../api/object.ts';
import { parseDocuments } from '../../api/parse.ts';
import { FETCH_LIMITS } from '../limits.ts';
import { must } from '../oci/testing/session.ts';
import { ModulePipeline } from '../pipeline.ts';
import { openRecords } from '../records.ts';
import { TRUST_ALL, type TrustPolicy } from '../signature/trust.ts';
import { openModuleStore } from '../store.ts';

/** A pipeline on a directory that outlives it, as the control plane's does. */
export class PipelineFixture {
  readonly directory: TemporaryDirectory;
  readonly clock = new SteppedClock();
  readonly damaged: string[] = [];
  pipeline!: ModulePipeline;

  readonly #bytesMax: number | undefined;

  private constructor(directory: TemporaryDirectory, bytesMax: number | undefined) {
    this.directory = directory;
    this.#bytesMax = bytesMax;
  }

  static async open(trust: TrustPolicy = TRUST_ALL, bytesMax?: number): Promise<PipelineFixture> {
    const fixture = new PipelineFixture(await TemporaryDirectory.make(), bytesMax);
    await fixture.#start(trust);
    return fixture;
  }

  /** Another process on the same directory. */
  async restart(trust: TrustPolicy = TRUST_ALL): Promise<void> {
    await this.#stop();
    await this.#start(trust);
  }

  /** Takes resources, and waits for the attempts that follow. */
  async take(...objects: readonly ConfigObject[]): Promise<void> {
    this.pipeline.sync(objects);
    await this.pipeline.settled();
    await this.pipeline.settled();
  }

  /** Digest of what proxies are to have for a plugin. */
  digest(key = 'WasmPlugin default/p'): string | undefined {
    return this.pipeline.modules().get(key)?.digest;
  }

  get codes(): readonly string[] {
    return this.pipeline.problems().map(({ code }) => code);
  }

  async #start(trust: TrustPolicy): Promise<void> {
    const modules = this.directory.join('modules');
    const onDamaged = (digest: string) => void this.damaged.push(digest);
    this.pipeline = new ModulePipeline({
      store: must(await openModuleStore(modules, this.#bytesMax, onDamaged)),
      records: must(await openRecords(this.directory.join('records'))),
      registry: { limits: FETCH_LIMITS, insecureRegistries: [] },
      trust,
      clock: this.clock,
      log: silentLog,
      urlOf: (digest) => `http://modules/${digest}`,
      onChange: () => {},
    });
  }

  async #stop(): Promise<void> {
    await this.pipeline.close();
    await this.pipeline.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.directory[Symbol.asyncDispose]();
  }
}

/** The WasmPlugin `p` with these lines of spec. */
export function pluginObject(...lines: readonly string[]): ConfigObject {
  const head = ['apiVersion: extensions.istio.io/v1alpha1', 'kind: WasmPlugin'];
  const spec = lines.map((line) => `  ${line}`);
  return objectOf([...head, 'metadata: {name: p}', 'spec:', ...spec].join('\n'));
}

export function objectOf(text: string): ConfigObject {
  const { value, problems } = parseDocuments({ file: 'p.yaml', text });
  const [object] = value.objects;
  if (object === undefined) throw new Error(problems[0]?.message);
  return object;
}

/** Lines of a literal block, for PEM in YAML. */
export function block(name: string, text: string): string {
  return [
    `${name}: |`,
    ...text
      .trim()
      .split('\n')
      .map((line) => `    ${line}`),
  ].join('\n');
}
