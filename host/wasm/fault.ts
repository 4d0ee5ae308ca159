import { limitField } from '@lateen/sdk/xds/plugin-limits';
import type { FuelTank } from './fuel/tank.ts';
import type { ModuleFault } from './problems.ts';
import type { GuestTrace } from './source/trace.ts';

/** Thrown by a host call to end the guest that made it; caught where the guest was entered. */
export class GuestAbort extends Error {
  readonly fault: ModuleFault;

  constructor(fault: ModuleFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** The guest called proc_exit. Code 0 while starting is how some modules end their start. */
export class GuestExit extends Error {
  readonly code: number;
  readonly starting: boolean;

  constructor(code: number, starting: boolean) {
    super(`exited with code ${code}`);
    this.code = code;
    this.starting = starting;
  }
}

export interface FaultFacts {
  readonly callback: string;
  /** null where nobody counts. */
  readonly fuel: FuelTank | null;
  /** What a callback of this kind gets, unless its request has less left. */
  readonly fuelMost: number;
  readonly memoryBytes: number;
  /** What the module logged as errors in this callback: a panic says more than its trap. */
  readonly complaint: string;
  readonly trace: GuestTrace;
}

/** What went wrong in a guest, as one sentence without its subject; fault null = nothing did. */
export function describeFault(
  error: unknown,
  facts: FaultFacts,
): { readonly fault: ModuleFault | null; readonly message: string } {
  const where = `in ${facts.callback}`;
  if (error instanceof GuestExit) {
    if (error.code === 0 && error.starting) return { fault: null, message: '' };
    return { fault: 'exit', message: `${error.message} ${where}${logged(facts)}` };
  }
  const at = facts.trace.text;
  const short = facts.fuel?.growthRefused === true;
  if (error instanceof GuestAbort) {
    // Without the sources there is nothing to say that an abort has not said itself.
    const trace = facts.trace.frame === '' ? '' : at;
    const message = `${error.message} (${where}${trace})${logged(facts)}`;
    return short ? outOfMemory(message, facts) : { fault: error.fault, message };
  }
  if (facts.fuel?.exhausted === true) return { fault: 'fuel', message: outOfFuel(facts) };
  if (error instanceof RangeError) {
    return { fault: 'stack', message: `overflowed the stack ${where}${at}` };
  }
  if (error instanceof WebAssembly.RuntimeError) {
    const message = `trapped ${where}: ${error.message}${at}${logged(facts)}`;
    return short ? outOfMemory(message, facts) : { fault: 'trap', message };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { fault: 'host', message: `met a fault of the host ${where}: ${text}` };
}

function outOfFuel({ callback, fuel, fuelMost, trace }: FaultFacts): string {
  const left = fuel?.given ?? 0;
  if (left < fuelMost) {
    const units = left.toLocaleString('en');
    const where = `in ${callback}${trace.text}, which had ${units} units left`;
    return `used up the fuel of its request ${where}: does it loop? (${limitField('fuelPerRequest')})`;
  }
  const units = fuelMost.toLocaleString('en');
  return `used up its ${units} units of fuel in ${callback}${trace.text}: does it loop?`;
}

/** The guest was refused memory before, and most languages trap or abort then. */
function outOfMemory(
  message: string,
  facts: FaultFacts,
): { readonly fault: ModuleFault; readonly message: string } {
  const mib = (facts.memoryBytes / 1024 ** 2).toFixed(1);
  const advice = `it has ${mib} MiB of memory and was refused more (${limitField('memoryBytes')})`;
  return { fault: 'memory', message: `${message}; ${advice}` };
}

function logged(facts: FaultFacts): string {
  return facts.complaint === '' ? '' : `; it said: ${facts.complaint}`;
}
