import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { compileGuest } from './open-guest.ts';

type Call = (...args: number[]) => number;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = new WebAssembly.Module(await compileGuest('structures', 'fast'));
});

function open(): (name: string, ...args: number[]) => number {
  const env: Record<string, Call> = {};
  for (const { name } of WebAssembly.Module.imports(module)) env[name] = () => 1;
  const { exports } = new WebAssembly.Instance(module, { env });
  const call = (name: string, ...args: number[]) => (exports[name] as Call)(...args);
  call('_initialize');
  return call;
}

interface Block {
  at: number;
  size: number;
  readonly mark: number;
}

test('blocks are aligned, never overlap and keep what is in them', () => {
  const size = fc.oneof(fc.nat(100), fc.nat(5000), fc.nat(300_000));
  const step = fc.record({
    kind: fc.constantFrom('take', 'take', 'give', 'grow'),
    size,
    at: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const call = open();
      const blocks: Block[] = [];
      for (const [index, { kind, size: wanted, at }] of steps.entries()) {
        const place = at % Math.max(1, blocks.length);
        const block = blocks[place];
        if (kind === 'take' || block === undefined) {
          const mark = index % 256;
          blocks.push({ at: call('heapTake', wanted, mark), size: wanted, mark });
        } else if (kind === 'give') {
          call('heapGive', block.at);
          blocks.splice(place, 1);
        } else {
          const old = block.size === 0 ? 0 : 1;
          block.at = call('heapResize', block.at, block.size + wanted);
          expect(call('heapHolds', block.at, old, block.mark)).toBe(1);
          call('heapGive', block.at);
          block.size += wanted;
          block.at = call('heapTake', block.size, block.mark);
        }
        for (const each of blocks) {
          expect(each.at % 16).toBe(0);
          expect(call('heapHolds', each.at, each.size, each.mark)).toBe(1);
        }
      }
      const sorted = blocks.toSorted((a, b) => a.at - b.at);
      for (const [index, { at, size: used }] of sorted.entries()) {
        const next = sorted[index + 1];
        if (next !== undefined) expect(at + used).toBeLessThanOrEqual(next.at - 4);
      }
    }),
    { numRuns: 60 },
  );
});

test('memory that was given back is used again, whatever the size', () => {
  const call = open();
  for (let round = 0, before = 0; round < 50; round++) {
    const blocks = Array.from({ length: 200 }, (_, i) => call('heapTake', i * 37, 1));
    for (const block of blocks) call('heapGive', block);
    if (round === 0) before = call('heapPages');
    expect(call('heapPages')).toBe(before);
  }
});

test('a size that no memory has ends the module, not the host', () => {
  expect(() => open()('heapTake', 0x7fffffff, 1)).toThrow(WebAssembly.RuntimeError);
});
