import {
  anyThread,
  DOOMS,
  markThread,
  NAME_HEAD,
  SPACE_BYTES,
  SPACE_HOLDERS,
  SPACE_KEYS,
  SPACE_NAME,
  SPACE_QUEUES,
  SPACES_MAX,
  spaceAt,
} from './layout.ts';
import { type SharedParts, sameBytes } from './parts.ts';

export interface SpaceUse {
  readonly vmId: string;
  readonly keys: number;
  /** Of keys and values. */
  readonly bytes: number;
}

/** Which VM ids there are, and which threads have them open. Used under the lock only. */
export class Spaces {
  readonly #parts: SharedParts;

  constructor(parts: SharedParts) {
    this.#parts = parts;
  }

  /** The number of a VM id's space, -1 where it has none. */
  find(name: Uint8Array): number {
    const { region } = this.#parts;
    for (let space = 0; space < SPACES_MAX; space++) {
      const block = region.words[spaceAt(region, space) + SPACE_NAME];
      if (block <= 0 || region.words[block >>> 2] !== name.length) continue;
      if (sameBytes(region.bytes, block + NAME_HEAD, name, 0, name.length)) return space;
    }
    return -1;
  }

  /** Finds or makes the space and marks it as open here; -1 where there is no room for it. */
  open(name: Uint8Array): number {
    const known = this.find(name);
    const space = known >= 0 ? known : this.#create(name);
    if (space >= 0) this.#mark(space, this.#parts.thread, true);
    return space;
  }

  /** Not open in that thread any more; true where nobody has it open now. */
  release(space: number, thread: number): boolean {
    return !this.#mark(space, thread, false);
  }

  /** Whether it exists but nobody has it open. */
  abandoned(space: number): boolean {
    const { region } = this.#parts;
    const at = spaceAt(region, space);
    if (region.words[at + SPACE_NAME] === 0) return false;
    return anyThread(region.words, at + SPACE_HOLDERS) < 0;
  }

  /**
   * Nobody finds it any more; its number is not used again before `remove`. What is returned tells
   * this removal from later ones of the same number.
   */
  doom(space: number): number {
    const { words } = this.#parts.region;
    const at = spaceAt(this.#parts.region, space) + SPACE_NAME;
    const block = words[at];
    words[DOOMS] = (words[DOOMS] & 0x3fffffff) + 1;
    words[at] = -words[DOOMS];
    if (block > 0) this.#parts.arena.free(block);
    return words[at];
  }

  doomed(space: number, removal: number): boolean {
    return this.#parts.region.words[spaceAt(this.#parts.region, space) + SPACE_NAME] === removal;
  }

  /** After everything in it was removed. */
  remove(space: number): void {
    this.#parts.region.words[spaceAt(this.#parts.region, space) + SPACE_NAME] = 0;
  }

  /** The numbers of all there are. */
  all(): readonly number[] {
    const { region } = this.#parts;
    const numbers = Array.from({ length: SPACES_MAX }, (_, space) => space);
    return numbers.filter((space) => region.words[spaceAt(region, space) + SPACE_NAME] > 0);
  }

  use(space: number): SpaceUse {
    const { words, bytes } = this.#parts.region;
    const at = spaceAt(this.#parts.region, space);
    const name = words[at + SPACE_NAME];
    const start = name + NAME_HEAD;
    const vmId = Buffer.from(bytes.slice(start, start + words[name >>> 2])).toString('utf8');
    return { vmId, keys: words[at + SPACE_KEYS], bytes: words[at + SPACE_BYTES] };
  }

  #create(name: Uint8Array): number {
    const { region, arena } = this.#parts;
    let space = 0;
    while (space < SPACES_MAX && region.words[spaceAt(region, space)] !== 0) space++;
    const block = space < SPACES_MAX ? arena.allocate(NAME_HEAD + name.length) : 0;
    if (block === 0) return -1;
    region.words[block >>> 2] = name.length;
    region.bytes.set(name, block + NAME_HEAD);
    const at = spaceAt(region, space);
    region.words.fill(0, at + SPACE_KEYS, at + SPACE_QUEUES + 1);
    Atomics.store(region.words, at + SPACE_NAME, block);
    return space;
  }

  #mark(space: number, thread: number, on: boolean): boolean {
    const { region } = this.#parts;
    return markThread(region.words, spaceAt(region, space) + SPACE_HOLDERS, thread, on);
  }
}
