/** Takes the fuel that is left out of the guest and puts other fuel in. */
export type ExchangeFuel = (fuel: number) => number;

/** What a callback's fuel is taken from: the request's, or none but its own. */
export interface FuelAccount {
  /**
   * Units left, as of the callback before the last; FUEL_UNLIMITED where only the single callback
   * has a limit.
   */
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
const HOST_CALL_FUEL = 5_000;
/** On top, for calls that take several us: log lines, what is kept by name. */
const COSTLY_FUEL = 4_000;
const FREE_BYTES = 1024;
const EXHAUSTED = -1;
/** Host calls that are remembered, a power of two. */
const CALLS_KEPT = 16;

/**
 * The fuel of a guest that nobody vouches for, and its last host calls. What host calls cost is
 * kept here and taken out of the guest in larger pieces; what a callback has left is looked at
 * when the next one begins.
 */
export class FuelTank {
  readonly #exchange: ExchangeFuel;
  readonly #growthRefused: { readonly value: number };
  readonly #calls: string[] = new Array<string>(CALLS_KEPT).fill('');
  #callCount = 0;
  #given = 0;
  /** What host calls cost since it was last taken out of the guest. */
  #debt = 0;
  #debtMax = 0;
  #account: FuelAccount = { fuel: FUEL_UNLIMITED };

  constructor(exchange: ExchangeFuel, growthRefused: { readonly value: number }) {
    this.#exchange = exchange;
    this.#growthRefused = growthRefused;
  }

  /** Units that the callback at hand was given. */
  get given(): number {
    return this.#given;
  }

  /** Units that the callback at hand has used; looks into the guest. */
  get used(): number {
    const left = this.#exchange(EXHAUSTED);
    this.#exchange(left);
    return this.#usedBy(left);
  }

  get exhausted(): boolean {
    const left = this.#exchange(EXHAUSTED);
    this.#exchange(left);
    return left < 0;
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
    const before = this.#account;
    let given = Math.min(account.fuel, most);
    const left = this.#exchange(given);
    if (before.fuel !== FUEL_UNLIMITED) {
      before.fuel -= this.#usedBy(left);
      if (account === before && account.fuel < given) {
        given = Math.max(account.fuel, 0);
        this.#exchange(given);
      }
    }
    this.#account = account;
    this.#given = given;
    this.#debt = 0;
    this.#debtMax = given >> 4;
    this.#callCount = 0;
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
    this.#exchange(EXHAUSTED);
  }

  #usedBy(left: number): number {
    return this.#given - Math.max(left, 0) + this.#debt;
  }

  #take(units: number): boolean {
    this.#debt += units;
    return this.#debt <= this.#debtMax || this.#settleDebt();
  }

  #settleDebt(): boolean {
    const left = this.#exchange(EXHAUSTED) - this.#debt;
    this.#debt = 0;
    if (left < 0) {
      // Once it is gone, no other call is served.
      this.#debtMax = -1;
      return false;
    }
    this.#exchange(left);
    this.#debtMax = Math.min(this.#debtMax, left);
    return true;
  }
}

/** Gives the account what the next piece of a stream brings, up to `most`. */
export function creditPiece(account: FuelAccount, bytes: number, most: number): void {
  const grown = account.fuel + PIECE_FUEL + Math.min(bytes, most) * BYTE_FUEL;
  account.fuel = Math.min(grown, most);
}
