import { ok, type Result } from '@lateen/sdk/base/result';
import { sha256 } from './digest.ts';
import type { ModuleMetrics } from './metrics.ts';
import { type Obtained, obtainModule } from './obtain.ts';
import type { DockerConfig } from './oci/credentials.ts';
import type { RegistryPolicy } from './oci/open-session.ts';
import type { PluginSource } from './plugin.ts';
import type { Origin, Records } from './records.ts';
import { isTrusted, type KeyGroups, keyGroups, type TrustPolicy } from './signature/trust.ts';
import type { ModuleStore } from './store.ts';
import { Turns } from './turns.ts';

/** Fetches of one namespace that run at once. */
const FETCHES_MAX = 4;

export interface ModuleFetcherOptions {
  readonly store: ModuleStore;
  readonly records: Records;
  readonly registry: RegistryPolicy;
  readonly trust: TrustPolicy;
  /** Credentials of the control plane itself, for plugins that name no secret. */
  readonly docker?: DockerConfig | undefined;
  readonly metrics?: ModuleMetrics | undefined;
}

/** A module that is the one that was meant, by its digest and its signatures. */
export interface Fetched extends Obtained {
  readonly digest: string;
  /** It was in the store already. */
  readonly stored: boolean;
}

/** Modules from the store where what is known of them is good enough, else from where they are. */
export class ModuleFetcher {
  readonly #options: ModuleFetcherOptions;
  readonly #turns = new Map<string, Turns>();

  constructor(options: ModuleFetcherOptions) {
    this.#options = options;
  }

  /** One attempt. */
  async fetch(source: PluginSource, signal: AbortSignal): Promise<Result<Fetched>> {
    const { trust, docker: own, metrics, registry: policy } = this.#options;
    const groups = keyGroups(source.verificationKey, trust);
    if (!groups.ok) return groups;
    const secret = source.pullSecret?.docker;
    if (secret?.ok === false) return secret;
    const kept = await this.#kept(source, groups.value);
    metrics?.lookedUp(kept !== undefined);
    if (kept !== undefined) return ok(kept);
    const { url, sha256: wanted } = source;
    const asked = { url, sha256: wanted, docker: secret?.value ?? own, groups: groups.value };
    const obtained = await this.#inTurn(source.object.metadata.namespace, () => {
      const deadline = AbortSignal.timeout(policy.limits.attemptTimeoutMs);
      const known = (manifest: string) => this.#byManifest(manifest);
      return obtainModule(asked, { policy, signal: AbortSignal.any([signal, deadline]), known });
    });
    metrics?.fetched(obtained.ok ? undefined : obtained.error.code);
    if (!obtained.ok) return obtained;
    return ok({ ...obtained.value, digest: sha256(obtained.value.bytes), stored: false });
  }

  /** Keeps a module and where it came from. */
  async keep(source: PluginSource, fetched: Fetched): Promise<Result<string>> {
    const { digest, manifest, signedBy } = fetched;
    if (fetched.stored) return ok(digest);
    const stored = await this.#options.store.write(fetched.bytes);
    if (!stored.ok) return stored;
    const origin: Origin = { digest, manifest, signedBy };
    await this.#options.records.setOrigin(placeOf(source), origin);
    if (manifest !== undefined)
      await this.#options.records.setOrigin(`manifest ${manifest}`, origin);
    return stored;
  }

  /** One namespace's slow servers hold up that namespace alone. */
  async #inTurn<T>(namespace: string, task: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(namespace) ?? new Turns(FETCHES_MAX);
    this.#turns.set(namespace, turns);
    try {
      return await turns.run(task);
    } finally {
      if (turns.idle) this.#turns.delete(namespace);
    }
  }

  async #kept(source: PluginSource, groups: KeyGroups): Promise<Fetched | undefined> {
    const { store, records } = this.#options;
    const wanted = source.sha256;
    const origin = await records.origin(placeOf(source));
    const trusted = isTrusted(origin?.signedBy ?? [], groups);
    const named =
      wanted !== undefined && (wanted === origin?.digest || wanted === origin?.manifest);
    if (origin !== undefined && trusted && (named || (wanted === undefined && source.reuse))) {
      const bytes = await store.read(origin.digest);
      if (bytes !== undefined) return { ...origin, bytes, stored: true };
    }
    // From another place, but these bytes and no others: only what asks for no signature.
    const bytes = wanted === undefined || groups.length > 0 ? undefined : await store.read(wanted);
    if (bytes === undefined || wanted === undefined) return undefined;
    return { bytes, digest: wanted, manifest: undefined, signedBy: [], stored: true };
  }

  async #byManifest(manifest: string): Promise<Uint8Array | undefined> {
    const origin = await this.#options.records.origin(`manifest ${manifest}`);
    return origin === undefined ? undefined : this.#options.store.read(origin.digest);
  }
}

/** With the secret: what one namespace was given is not at another's disposal. */
function placeOf(source: PluginSource): string {
  return `${source.url} ${source.pullSecret?.fingerprint ?? ''}`;
}
