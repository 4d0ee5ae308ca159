/**
 * The memory manager under the collector (asconfig.json has the compiler use it), small where asc's
 * own (TLSF) is 2 kB of code. Sizes are rounded up to one of four steps for each power of two, and
 * each step has a list of free blocks: taking and giving back cost the same whatever is alive, and
 * at most a fifth of a block is lost. What was once needed of a step stays with that step.
 *
 * A block is the size of its data (4 bytes) and the data, which is aligned to 16.
 */
const LISTS: usize = memory.data(512, 16);
const HEADER: usize = 4;
const SIZE_MAX: usize = 0x3fffffff;

/** Where no block has been yet; 0 before the first. */
let top: usize = 0;
/** The list of the size that was asked for last. */
let list: usize = 0;

/** The size of a block that holds so many bytes: a multiple of 16. */
function blockSize(bytes: usize): usize {
  const last = ((bytes + HEADER + 15) & ~15) - 1;
  const shift = 29 - clz<u32>(<u32>last);
  const steps = (last >> shift) + 1;
  list = LISTS + (((<usize>shift) << 2) + steps) * 4 - 16;
  return steps << shift;
}

/** `__alloc`: memory that is not zeroed. Traps where there is none left. */
export function heapAlloc(size: usize): usize {
  if (size > SIZE_MAX) unreachable();
  const block = blockSize(size);
  const free = load<usize>(list);
  if (free !== 0) {
    store<usize>(list, load<usize>(free));
    return free;
  }
  if (top === 0) top = ((__heap_base + HEADER + 15) & ~15) - HEADER;
  const start = top;
  top += block;
  const pages = <i32>((top + 0xffff) >> 16) - memory.size();
  if (pages > 0 && memory.grow(pages) < 0) unreachable();
  store<usize>(start, block - HEADER);
  return start + HEADER;
}

/** `__free`: what lies before the heap is static and stays. */
export function heapFree(pointer: usize): void {
  if (pointer < __heap_base) return;
  blockSize(load<usize>(pointer - HEADER));
  store<usize>(pointer, load<usize>(list));
  store<usize>(list, pointer);
}

/** `__realloc`: the same block where it is large enough. */
export function heapRealloc(pointer: usize, size: usize): usize {
  const room = load<usize>(pointer - HEADER);
  if (pointer >= __heap_base && size <= room) return pointer;
  const moved = heapAlloc(size);
  memory.copy(moved, pointer, min(size, room));
  heapFree(pointer);
  return moved;
}
