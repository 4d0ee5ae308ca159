import type { Clock } from '@lateen/sdk/base/clock';

const EVENTS_MAX = 500;

/** Something that happened to the mesh's configuration, for people. */
export interface HistoryEvent {
  /** Wall clock, ms. */
  readonly at: number;
  readonly what:
    | 'applied'
    | 'deleted'
    | 'pushed'
    | 'connected'
    | 'disconnected'
    | 'refused'
    | 'module';
  /** A resource or a proxy. */
  readonly about: string;
  readonly message: string;
}

/** The last events, oldest first. */
export class History {
  readonly #clock: Clock;
  readonly #events: HistoryEvent[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(what: HistoryEvent['what'], about: string, message: string): void {
    this.#events.push({ at: this.#clock.wallTime(), what, about, message });
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
  }

  list(): readonly HistoryEvent[] {
    return [...this.#events];
  }
}
