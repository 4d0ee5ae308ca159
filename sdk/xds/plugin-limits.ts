const MIB = 1024 * 1024;

/** Of one call into a module, whatever it is for. */
export const FUEL_MOST = 100_000_000;

/** What one Wasm plugin may use; absent fields have their defaults. */
export interface PluginLimits {
  /** Linear memory of one VM. */
  readonly memoryBytes?: number;
  readonly fuelPerCallback?: number;
  readonly fuelPerRequest?: number;
  readonly fuelPerConfiguration?: number;
  /** Keys and values together, of the plugin's VM id. */
  readonly sharedDataBytes?: number;
  /** Of each shared queue. */
  readonly queueItems?: number;
  /** Under way at once, in one VM. */
  readonly callouts?: number;
  readonly logLinesPerSecond?: number;
  /** Open at once, in one VM. */
  readonly streams?: number;
}

export type PluginLimitName = keyof PluginLimits;

/** One limit: how users call it, and what it may be. */
export interface LimitRule {
  /** In `limits:` of a WasmPlugin or TrafficExtension. */
  readonly yaml: string;
  /** Bytes are written as quantities there: `32Mi`. */
  readonly unit: 'bytes' | 'count';
  readonly min: number;
  readonly max: number;
}

const bytes = (yaml: string, min: number, max: number): LimitRule => {
  return { yaml, unit: 'bytes', min, max };
};
const count = (yaml: string, min: number, max: number): LimitRule => {
  return { yaml, unit: 'count', min, max };
};

/**
 * Fuel is capped so that even the slowest instructions hold a worker no longer than 50 ms for one
 * callback; what shares memory with others can be lowered only.
 */
export const PLUGIN_LIMITS: Readonly<Record<PluginLimitName, LimitRule>> = {
  memoryBytes: bytes('memory', 64 * 1024, 1024 * MIB),
  fuelPerCallback: count('fuelPerCallback', 1_000, 40_000_000),
  fuelPerRequest: count('fuelPerRequest', 1_000, 2_000_000_000),
  fuelPerConfiguration: count('fuelPerConfiguration', 1_000, FUEL_MOST),
  sharedDataBytes: bytes('sharedData', 0, 16 * MIB),
  queueItems: count('queueItems', 0, 10_000),
  callouts: count('callouts', 0, 10_000),
  logLinesPerSecond: count('logLinesPerSecond', 0, 100_000),
  streams: count('streams', 1, 1_000_000),
};

export const PLUGIN_LIMIT_NAMES = Object.keys(PLUGIN_LIMITS) as readonly PluginLimitName[];

/** What the user has to write to raise a limit, for messages. */
export function limitField(name: PluginLimitName): string {
  return `limits.${PLUGIN_LIMITS[name].yaml}`;
}
