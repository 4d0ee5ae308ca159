import type { Clock, Timer } from '@lateen/sdk/base/clock';

const SLOT_MS = 10;
const SLOTS = 512;
const NOTHING = () => {};

/**
 * A timer of a wheel. It is its own list entry, so arming and cancelling allocate nothing; an owner
 * makes it once and arms it as often as it likes.
 */
export class WheelTimer {
  readonly #callback: () => void;
  /** The wheel's own: the tick at which it is due, and its neighbours. */
  dueTick = 0;
  next: WheelTimer | null = null;
  previous: WheelTimer | null = null;
  slot = -1;

  constructor(callback: () => void = NOTHING) {
    this.#callback = callback;
  }

  /** Called once for each `arm` that is neither cancelled nor replaced. */
  fire(): void {
    this.#callback();
  }

  get armed(): boolean {
    return this.slot >= 0;
  }
}

/**
 * Coarse timers for things that are nearly always cancelled (header, idle and request time limits):
 * O(1) to arm and to cancel, and one timer of the clock for all of them. A timer fires up to 10 ms
 * late and never early. One wheel per worker.
 *
 * The wheel has 512 slots of 10 ms; a timer further away stays in its slot for more rounds.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: (WheelTimer | null)[] = new Array(SLOTS).fill(null);
  readonly #origin: number;
  #armed = 0;
  /** The last tick whose timers were fired. */
  #tick = 0;
  #wake: Timer | null = null;
  #wakeTick = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#origin = clock.now();
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#armed;
  }

  /** Starts, or starts again, `timer`; `delayMs` below 10 means the next slot. */
  arm(timer: WheelTimer, delayMs: number): void {
    if (timer.armed) this.cancel(timer);
    if (this.#armed === 0) this.#tick = this.#currentTick();
    const due = Math.ceil((this.#clock.now() - this.#origin + delayMs) / SLOT_MS);
    timer.dueTick = Math.max(due, this.#tick + 1);
    const slot = timer.dueTick % SLOTS;
    const first = this.#slots[slot];
    timer.slot = slot;
    timer.previous = null;
    timer.next = first;
    if (first !== null) first.previous = timer;
    this.#slots[slot] = timer;
    this.#armed++;
    if (timer.dueTick < this.#wakeTick) this.#sleepUntil(timer.dueTick);
  }

  cancel(timer: WheelTimer): void {
    if (timer.slot < 0) return;
    if (timer.previous === null) this.#slots[timer.slot] = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next !== null) timer.next.previous = timer.previous;
    timer.next = null;
    timer.previous = null;
    timer.slot = -1;
    this.#armed--;
  }

  /** Stops the clock's timer; nothing fires any more until the next `arm`. */
  close(): void {
    this.#wake?.cancel();
    this.#wake = null;
    this.#wakeTick = Number.POSITIVE_INFINITY;
  }

  #currentTick(): number {
    return Math.floor((this.#clock.now() - this.#origin) / SLOT_MS);
  }

  #sleepUntil(tick: number): void {
    this.#wake?.cancel();
    this.#wakeTick = tick;
    const delayMs = tick * SLOT_MS + this.#origin - this.#clock.now();
    this.#wake = this.#clock.setTimer(Math.max(0, delayMs), () => this.#onWake());
  }

  #onWake(): void {
    this.#wake = null;
    this.#wakeTick = Number.POSITIVE_INFINITY;
    const until = this.#currentTick();
    // After a long sleep one round visits every slot; what is overdue fires whatever its tick.
    const from = Math.max(this.#tick + 1, until - SLOTS + 1);
    this.#tick = Math.max(this.#tick, until);
    for (let tick = from; tick <= until; tick++) this.#fireSlot(tick % SLOTS, until);
    if (this.#armed > 0) this.#sleepUntil(this.#nextTick());
  }

  #fireSlot(slot: number, until: number): void {
    let timer = this.#slots[slot];
    while (timer !== null) {
      if (timer.dueTick > until) {
        timer = timer.next;
        continue;
      }
      this.cancel(timer);
      timer.fire();
      // The callback may have changed the list anywhere: start again with what is left of it.
      timer = this.#slots[slot];
    }
  }

  /** The next tick whose slot is not empty, at most a round away. */
  #nextTick(): number {
    let tick = this.#tick + 1;
    while (this.#slots[tick % SLOTS] === null && tick < this.#tick + SLOTS) tick++;
    return tick;
  }
}
