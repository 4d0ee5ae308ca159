import type { Guest } from '../guest.ts';
import { bodyFunctions } from './bodies.ts';
import { calloutFunctions } from './callouts.ts';
import { clockFunctions } from './clock.ts';
import { foreignFunctions } from './foreign.ts';
import { headerFunctions } from './headers.ts';
import { loggingFunctions } from './logging.ts';
import { metricFunctions } from './metrics.ts';
import { propertyFunctions } from './properties.ts';
import { restrict } from './restrict.ts';
import { runtimeFunctions } from './runtimes.ts';
import { sharedDataFunctions } from './shared-data.ts';
import { sharedQueueFunctions } from './shared-queues.ts';
import { streamFunctions } from './streams.ts';
import { unavailableFunctions } from './unavailable.ts';
import { wasiFunctions } from './wasi.ts';

/** Everything that a module may import, bound to one guest; the same whatever its ABI version. */
export function buildImports(guest: Guest): WebAssembly.Imports {
  const wasi = wasiFunctions(guest);
  const imports = {
    env: {
      ...headerFunctions(guest),
      ...bodyFunctions(guest),
      ...propertyFunctions(guest),
      ...streamFunctions(guest),
      ...foreignFunctions(guest),
      ...loggingFunctions(guest),
      ...metricFunctions(guest),
      ...sharedDataFunctions(guest),
      ...sharedQueueFunctions(guest),
      ...clockFunctions(guest),
      ...calloutFunctions(guest),
      ...unavailableFunctions(guest),
      ...runtimeFunctions(guest),
    },
    wasi_snapshot_preview1: wasi,
    wasi_unstable: wasi,
  };
  return restrict(imports, guest);
}
