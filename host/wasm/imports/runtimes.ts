import * as levels from '@lateen/sdk/abi/buffers';
import { readAssemblyScriptString } from '../assemblyscript-strings.ts';
import { ALLOCATING, type Guest, STARTING } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

/** What compilers' own runtimes import from `env`: AssemblyScript's and emscripten's. */
export function runtimeFunctions(guest: Guest): HostFunctions {
  const text = (address: number) => readAssemblyScriptString(guest.memory, address >>> 0) ?? '';
  const log = (name: string, level: number) => (message: number) => {
    if (guest.admit(name, ALLOCATING)) guest.log.write(level, text(message));
  };
  return {
    abort(message: number, file: number, line: number, column: number): never {
      guest.memory.fresh();
      const what = message === 0 ? 'aborted' : `aborted: ${text(message)}`;
      const where = file === 0 ? '' : ` at ${text(file)}:${line >>> 0}:${column >>> 0}`;
      return guest.abort('trap', what + where);
    },
    trace(message: number, count: number, ...values: number[]) {
      if (!guest.admit('trace', ALLOCATING)) return;
      const shown = values.slice(0, Math.max(0, count)).join(', ');
      guest.log.write(levels.LOG_TRACE, `${text(message)} ${shown}`.trimEnd());
    },
    seed: () => (guest.admit('seed', STARTING) ? guest.services.random() * 2 ** 53 : 0),
    'Date.now': () => (guest.admit('Date.now', STARTING) ? guest.services.clock.wallTime() : 0),
    'performance.now': () =>
      guest.admit('performance.now', STARTING) ? guest.services.clock.now() : 0,
    'console.log': log('console.log', levels.LOG_INFO),
    'console.info': log('console.info', levels.LOG_INFO),
    'console.debug': log('console.debug', levels.LOG_DEBUG),
    'console.warn': log('console.warn', levels.LOG_WARN),
    'console.error': log('console.error', levels.LOG_ERROR),
    emscripten_notify_memory_growth(): void {
      guest.memory.fresh();
    },
    pthread_equal: (a: number, b: number) => (a === b ? 1 : 0),
  };
}
