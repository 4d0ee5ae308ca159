import { readFileSync } from 'node:fs';

/**
 * How many downstream connections one worker may hold, all its listeners together. What comes
 * beyond is closed at once, so that descriptors are left for upstreams, files and the admin.
 */
export class ConnectionBudget {
  readonly max: number;
  #used = 0;

  constructor(max: number) {
    this.max = max;
  }

  get used(): number {
    return this.#used;
  }

  take(): boolean {
    if (this.#used >= this.max) return false;
    this.#used++;
    return true;
  }

  give(): void {
    this.#used--;
  }
}

/**
 * A worker's share of the process's descriptors: each proxied connection may need a second one
 * upstream, and a tenth stays in reserve.
 */
export function connectionsMaxFor(workers: number, descriptorsMax = descriptorLimit()): number {
  return Math.max(1, Math.floor((descriptorsMax * 0.9) / 2 / Math.max(1, workers)));
}

/** The soft limit of open files; 1,024 where the system does not tell. */
export function descriptorLimit(): number {
  try {
    const line = /^Max open files\s+(\d+|unlimited)/m.exec(
      readFileSync('/proc/self/limits', 'utf8'),
    );
    if (line === null) return 1024;
    return line[1] === 'unlimited' ? 1_000_000 : Number(line[1]);
  } catch {
    return 1024;
  }
}
