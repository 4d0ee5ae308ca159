import './abort';
import './runtime/heap';

/**
 * Memory for one callback. What the host returns (header values, properties, bodies) and what a
 * filter writes only to hand it over lies in one static block that the next callback uses again:
 * a callback that reads and writes headers allocates nothing. What does not fit goes to chunks of
 * the heap, freed with the block.
 *
 * Every exported callback begins with `enter()` and ends with `leave()`; views of host data are
 * valid until it returns.
 */
const BLOCK_BYTES: usize = 16384;
const BLOCK: usize = memory.data(16384, 8);
const CHUNK_HEADER: usize = 8;
/** Small enough for block and heap to stay within one page of memory. */
const COLLECT_BYTES_MIN: usize = 32768;

let used: usize = 0;
let chunks: usize = 0;
let depth = 0;
let collectAbove: usize = COLLECT_BYTES_MIN;

/** Number of the outermost callback: what was read in an earlier one may have changed. */
export let epoch: u32 = 0;

/** Begins a callback: memory of the last one is used again. */
export function enter(): void {
  if (depth++ !== 0) return;
  used = 0;
  epoch++;
  if (chunks !== 0) freeChunks();
}

/**
 * Collects garbage when the outermost callback is over, because then no reference is on the
 * stack: the `minimal` runtime needs no shadow stack and adds no cost elsewhere. It runs once the
 * heap has doubled since the last time, so its cost per allocated byte is constant however many
 * streams are alive.
 */
export function leave(): void {
  if (--depth !== 0 || lateenHeapTotal <= collectAbove) return;
  __collect();
  collectAbove = max(COLLECT_BYTES_MIN, lateenHeapTotal * 2);
}

/** `size` bytes, aligned to 8, valid until the callback returns. Not zeroed. */
export function allocate(size: i32): usize {
  const need = (<usize>size + 7) & ~7;
  if (need > BLOCK_BYTES - used) return allocateChunk(need);
  const at = BLOCK + used;
  used += need;
  return at;
}

/** Gives back all but `size` bytes of the last allocation, if it still is the last. */
export function shrink(pointer: usize, size: i32): void {
  if (pointer < BLOCK || pointer > BLOCK + used) return;
  used = pointer - BLOCK + ((<usize>size + 7) & ~7);
}

function allocateChunk(need: usize): usize {
  const chunk = heap.alloc(CHUNK_HEADER + need);
  store<usize>(chunk, chunks);
  chunks = chunk;
  return chunk + CHUNK_HEADER;
}

function freeChunks(): void {
  while (chunks !== 0) {
    const next = load<usize>(chunks);
    heap.free(chunks);
    chunks = next;
  }
}
