import type { PluginLimits } from '@lateen/sdk/xds/plugin-limits';

/** What an artefact may measure; checked before the engine sees it. */
export interface ModuleLimits {
  readonly moduleBytesMax: number;
  readonly functionsMax: number;
  readonly functionBytesMax: number;
  /** Locals of one function; an engine's own end is 50,000. */
  readonly localsMax: number;
  readonly typesMax: number;
  readonly importsMax: number;
  readonly exportsMax: number;
  readonly globalsMax: number;
  /** Data and element segments, each. */
  readonly segmentsMax: number;
  /** Pages of 64 KiB that the module may ever have; written into the module. */
  readonly memoryPagesMax: number;
  /** And so many more than it starts with, at most. */
  readonly memoryGrowthPagesMax: number;
  /** Entries of all tables together; written into the module. */
  readonly tableEntriesMax: number;
}

/**
 * Memory: 16 MiB beyond what a module starts with, where Envoy gives 1 GiB. What we know stays
 * under 8, but Go starts with more than other modules ever have (before 1.26 with 16 MiB), and
 * would find itself refused by a flat 16.
 */
export const DEFAULT_MODULE_LIMITS: ModuleLimits = {
  moduleBytesMax: 32 * 1024 * 1024,
  functionsMax: 100_000,
  functionBytesMax: 2 * 1024 * 1024,
  localsMax: 10_000,
  typesMax: 10_000,
  importsMax: 1_000,
  exportsMax: 10_000,
  globalsMax: 10_000,
  segmentsMax: 100_000,
  memoryPagesMax: 1024,
  memoryGrowthPagesMax: 256,
  tableEntriesMax: 200_000,
};

/** Modules that came with the host; 128 MiB hold the routes of a large mesh. */
const TRUSTED_MEMORY_PAGES = 2048;
const PAGE_BYTES = 64 * 1024;

/** What the module of a plugin may measure, by whether it is trusted and what the plugin says. */
export function moduleLimits(trusted: boolean, memoryBytes?: number): ModuleLimits {
  const given = memoryBytes === undefined ? undefined : Math.floor(memoryBytes / PAGE_BYTES);
  const pages = given ?? (trusted ? TRUSTED_MEMORY_PAGES : undefined);
  if (pages === undefined) return DEFAULT_MODULE_LIMITS;
  return { ...DEFAULT_MODULE_LIMITS, memoryPagesMax: pages, memoryGrowthPagesMax: pages };
}

/** What a running VM may use. The fuel figures bind modules that are not trusted. */
export interface VmLimits {
  /** Units of fuel for one callback; 10 million are 1 to 10 ms, see reliability of filters. */
  readonly fuelPerCall: number;
  /** For all callbacks of one stream together; see `BODY_FUEL` for what long streams get on top. */
  readonly fuelPerRequest: number;
  /** The same for the start, `proxy_on_vm_start` and each configuration; Go starts with 22 million. */
  readonly fuelPerStart: number;
  /** HTTP callouts under way. */
  readonly calloutsMax: number;
  /** Streams that are open at once. */
  readonly streamsMax: number;
  /** Keys and values in shared data, items of each queue; see also `SharedDataLimits`. */
  readonly sharedDataBytesMax: number;
  readonly queueItemsMax: number;
  readonly metricsMax: number;
  readonly regexesMax: number;
  /** Sets of fields that are read in one call. */
  readonly fieldSetsMax: number;
  readonly regexBytesMax: number;
  readonly sinksMax: number;
  readonly logLinesPerSecondMax: number;
  readonly logLineBytesMax: number;
  /** A serialised map: proxy-wasm's C++ host has the same two. */
  readonly pairsMax: number;
  readonly pairsBytesMax: number;
  /** A held body, after a splice. */
  readonly bodyBytesMax: number;
  /** One value of `proxy_set_property`, and its path. */
  readonly propertyBytesMax: number;
  /** Body and header values of a local reply or a callout. */
  readonly messageBytesMax: number;
  /** How long a root context may answer `proxy_on_done` with "not yet". */
  readonly rootDoneMsMax: number;
}

export const DEFAULT_VM_LIMITS: VmLimits = {
  fuelPerCall: 10_000_000,
  fuelPerRequest: 40_000_000,
  fuelPerStart: 40_000_000,
  calloutsMax: 256,
  streamsMax: 100_000,
  sharedDataBytesMax: 16 * 1024 * 1024,
  queueItemsMax: 10_000,
  metricsMax: 10_000,
  regexesMax: 10_000,
  fieldSetsMax: 1_000,
  regexBytesMax: 16 * 1024,
  sinksMax: 64,
  logLinesPerSecondMax: 1_000,
  logLineBytesMax: 16 * 1024,
  pairsMax: 1_024,
  pairsBytesMax: 1024 * 1024,
  bodyBytesMax: 64 * 1024 * 1024,
  propertyBytesMax: 64 * 1024,
  messageBytesMax: 1024 * 1024,
  rootDoneMsMax: 5_000,
};

/** The limits of a VM with what the plugin says in place of the defaults. */
export function vmLimits(given: PluginLimits): VmLimits {
  const known = DEFAULT_VM_LIMITS;
  return {
    ...known,
    fuelPerCall: given.fuelPerCallback ?? known.fuelPerCall,
    fuelPerRequest: given.fuelPerRequest ?? known.fuelPerRequest,
    fuelPerStart: given.fuelPerConfiguration ?? known.fuelPerStart,
    calloutsMax: given.callouts ?? known.calloutsMax,
    streamsMax: given.streams ?? known.streamsMax,
    sharedDataBytesMax: given.sharedDataBytes ?? known.sharedDataBytesMax,
    queueItemsMax: given.queueItems ?? known.queueItemsMax,
    logLinesPerSecondMax: given.logLinesPerSecond ?? known.logLinesPerSecondMax,
  };
}

/** What all VMs of one id may keep in shared data and shared queues. */
export interface SharedDataLimits {
  readonly keysPerVmMax: number;
  /** Of a key, and of a queue's name. */
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  /** Keys and values together. */
  readonly bytesPerVmMax: number;
  readonly queuesPerVmMax: number;
  /** Items and bytes of one queue. */
  readonly queueItemsMax: number;
  readonly queueBytesMax: number;
  readonly queueItemBytesMax: number;
}

export const DEFAULT_SHARED_DATA_LIMITS: SharedDataLimits = {
  keysPerVmMax: 100_000,
  keyBytesMax: 4 * 1024,
  valueBytesMax: 4 * 1024 * 1024,
  bytesPerVmMax: 16 * 1024 * 1024,
  queuesPerVmMax: 64,
  queueItemsMax: 10_000,
  queueBytesMax: 8 * 1024 * 1024,
  queueItemBytesMax: 1024 * 1024,
};
