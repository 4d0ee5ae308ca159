import { Counter, Gauge, Registry } from 'prom-client';
import {
  CERTIFICATE_REFUSED,
  DIGEST_MISMATCH,
  FETCH_FAILED,
  KEY_UNUSABLE,
  SIGNATURE_MISSING,
  SIGNATURE_REQUIRED,
  SIGNATURE_WRONG,
} from './problem.ts';

const SIGNATURE_CODES = [KEY_UNUSABLE, SIGNATURE_MISSING, SIGNATURE_WRONG, SIGNATURE_REQUIRED];

/** As much of a plugin as is told. */
export interface StepView {
  readonly key: string;
  readonly step: string;
  readonly problem: { readonly code: string } | undefined;
}

/** How the fetching of modules went, under Istio's names and per plugin under our own. */
export class ModuleMetrics {
  readonly #registry = new Registry();
  readonly #fetches = new Counter({
    name: 'wasm_remote_fetch_count',
    help: 'Fetches of modules by their result.',
    labelNames: ['result'],
    registers: [this.#registry],
  });
  readonly #lookups = new Counter({
    name: 'wasm_cache_lookup_count',
    help: 'How often a module was looked for in the store before it was fetched.',
    labelNames: ['hit'],
    registers: [this.#registry],
  });
  readonly #attempts = new Counter({
    name: 'lateen_module_attempts_total',
    help: 'Attempts to bring the module of a plugin, by the code of the problem or ok.',
    labelNames: ['plugin', 'result'],
    registers: [this.#registry],
  });

  readonly #steps = new Gauge({
    name: 'lateen_module_step',
    help: 'How far the newest version of a plugin got, and the code of what keeps it there.',
    labelNames: ['plugin', 'step', 'reason'],
    registers: [this.#registry],
  });
  /** Results that were counted, by plugin: what is to be forgotten with it. */
  readonly #counted = new Map<string, Set<string>>();

  lookedUp(hit: boolean): void {
    this.#lookups.inc({ hit: String(hit) });
  }

  /** `code` is that of the problem. */
  fetched(code: string | undefined): void {
    this.#fetches.inc({ result: resultOf(code) });
  }

  attempted(plugin: string, code: string | undefined): void {
    const result = code ?? 'ok';
    this.#attempts.inc({ plugin, result });
    const counted = this.#counted.get(plugin) ?? new Set();
    this.#counted.set(plugin, counted.add(result));
  }

  /** In Prometheus' text format; of plugins that are no more nothing is told. */
  text(plugins: readonly StepView[]): Promise<string> {
    const keys = new Set(plugins.map(({ key }) => key));
    for (const [plugin, results] of this.#counted) {
      if (keys.has(plugin)) continue;
      for (const result of results) this.#attempts.remove({ plugin, result });
      this.#counted.delete(plugin);
    }
    this.#steps.reset();
    for (const { key: plugin, step, problem } of plugins) {
      this.#steps.set({ plugin, step, reason: problem?.code ?? '' }, 1);
    }
    return this.#registry.metrics();
  }
}

function resultOf(code: string | undefined): string {
  if (code === undefined) return 'success';
  if (code === DIGEST_MISMATCH) return 'checksum_mismatched';
  if (SIGNATURE_CODES.includes(code)) return 'signature_failure';
  return code === FETCH_FAILED || code === CERTIFICATE_REFUSED ? 'download_failure' : 'refused';
}
