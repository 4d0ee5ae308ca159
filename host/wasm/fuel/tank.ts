/** A WebAssembly.Global of 32 bits, as the fuel pass exports it. */
interface Gauge {
  value: number;
}

/** What a callback's fuel is taken from: the request's, or none but its own. */
export interface FuelAccount {
  /** Units left; FUEL_UNLIMITED where only the single callback has a limit. */
  fuel: number;
}

/** More than any limit, and still a small integer of the engine. */
export const FUEL_UNLIMITED = 0x7fffffff;
/**
 * What a callback that comes again and again (body, timer) adds to its request's fuel, and each
 * byte it is shown: long streams may go on as long as each piece stays cheap.
 */
const PIECE_FUEL = 200_000;
const BYTE_FUEL = 64;

/** Fuel for one host call, 0.1 to 2 us; bytes it moves come on top, 16 for a unit. */
const HOST_CALL_FUEL = 4_000;
/** On top, for calls that take several us: log lines, what is kept by name. */
const COSTLY_FUEL = 4_000;
const FREE_BYTES = 1024;
const EXHAUSTED = -1;
/** Host calls that are remembered, a power of two. */
const CALLS_KEPT = 16;

/** The fuel of a guest that nobody vouches for, and its last host calls. */
export class FuelTank {
  readonly #gauge: Gauge;
  readonly #growthRefused: Gauge;
  readonly #calls: string[] = new Array<string>(CALLS_KEPT).fill('');
  #callCount = 0;
  #given = 0;

  constructor(gauge: Gauge, growthRefused: Gauge) {
    this.#gauge = gauge;
    this.#growthRefused = growthRefused;
  }

  /** Units that the callback at hand was given. */
  get given(): number {
    return this.#given;
  }

  /** Units that the callback at hand has used. */
  get used(): number {
    return this.#given - Math.max(this.#gauge.value, 0);
  }

  get exhausted(): boolean {
    return this.#gauge.value < 0;
  }

  /** Whether a memory.grow of the guest ever failed at the limit. */
  get growthRefused(): boolean {
    return this.#growthRefused.value !== 0;
  }

  /** Names of the last host calls, the oldest first. */
  get calls(): readonly string[] {
    const first = Math.max(0, this.#callCount - CALLS_KEPT);
    return Array.from({ length: this.#callCount - first }, (_, i) => {
      return this.#calls[(first + i) & (CALLS_KEPT - 1)]!;
    });
  }

  /** Before a callback, with at most so many units. */
  fill(account: FuelAccount, most: number): void {
    const given = Math.min(account.fuel, most);
    this.#given = given;
    this.#gauge.value = given;
    this.#callCount = 0;
  }

  /** After the callback: what it used is gone from its request's account. */
  settle(account: FuelAccount): void {
    if (account.fuel === FUEL_UNLIMITED) return;
    account.fuel -= this.used;
  }

  /** Pays for a host call; false where there is no fuel for it. */
  admit(name: string): boolean {
    this.#calls[this.#callCount++ & (CALLS_KEPT - 1)] = name;
    return this.#take(HOST_CALL_FUEL);
  }

  /** Charges for bytes that a host call moves; a few are paid with the call. */
  charge(bytes: number): void {
    if (bytes >= FREE_BYTES) this.#take(bytes >>> 4);
  }

  /** For a host call that takes longer than most. */
  chargeCostly(): void {
    this.#take(COSTLY_FUEL);
  }

  /** The guest traps at its next check. */
  empty(): void {
    this.#gauge.value = EXHAUSTED;
  }

  #take(units: number): boolean {
    const left = this.#gauge.value - units;
    this.#gauge.value = left < 0 ? EXHAUSTED : left;
    return left >= 0;
  }
}

/** Gives the account what the next piece of a stream brings, up to `most`. */
export function creditPiece(account: FuelAccount, bytes: number, most: number): void {
  const grown = account.fuel + PIECE_FUEL + Math.min(bytes, most) * BYTE_FUEL;
  account.fuel = Math.min(grown, most);
}
