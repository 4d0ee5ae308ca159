import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildFilter } from '../fixtures/module-builder.ts';
import { DEFAULT_MODULE_LIMITS } from '../limits.ts';
import { readShape } from '../read-shape.ts';
import { meterModule } from './meter-module.ts';
import { FUEL_EXPORT } from './reserved.ts';
import type { ExchangeFuel } from './tank.ts';

/** Locals 0 and 1 are parameters, 2 is the loops' counter, 3 and 4 are variables. */
const LOCALS = 3;

const local = fc.constantFrom(0, 1, 3, 4);
const constant = fc.integer({ min: -64, max: 63 }).map((value) => [0x41, value & 0x7f]);
const read = local.map((index) => [0x20, index]);
const load = local.map((index) => [0x20, index, 0x41, 0x3f, 0x71, 0x28, 2, 0x10]);
const binary = fc.constantFrom(0x6a, 0x6b, 0x6c, 0x71, 0x72, 0x73, 0x74, 0x75, 0x46, 0x48, 0x4d);

const { expression } = fc.letrec<{ expression: number[] }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    constant,
    read,
    load,
    fc
      .tuple(tie('expression'), tie('expression'), binary)
      .map(([left, right, op]) => [...left, ...right, op]),
    // Division by something odd never traps for zero; -1 only with the least number.
    fc
      .tuple(tie('expression'), tie('expression'))
      .map(([left, right]) => [...left, ...right, 0x41, 1, 0x72, 0x6e]),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([a, b, c]) => [...a, 0x04, 0x7f, ...b, 0x05, ...c, 0x0b]),
    // A call of the helper, itself metered.
    tie('expression').map((argument) => [...argument, 0x10, 3]),
  ),
}));

const { statement } = fc.letrec<{ statement: number[] }>((tie) => ({
  statement: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.tuple(expression, local).map(([value, index]) => [...value, 0x21, index]),
    fc
      .tuple(expression, expression)
      .map(([at, value]) => [...at, 0x41, 0x3f, 0x71, ...value, 0x36, 2, 0x10]),
    expression.map((value) => [...value, 0x41, 0x3f, 0x71, 0x41, 7, 0x41, 4, 0xfc, 11, 0]),
    fc
      .tuple(expression, fc.array(tie('statement'), { maxLength: 3 }))
      .map(([test, body]) => [...test, 0x04, 0x40, ...body.flat(), 0x0b]),
    // block { if (test) br 1; body }
    fc
      .tuple(expression, fc.array(tie('statement'), { maxLength: 3 }))
      .map(([test, body]) => [0x02, 0x40, ...test, 0x0d, 0, ...body.flat(), 0x0b]),
    // A loop of a few rounds; those inside others share the counter, so all come to an end.
    fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.array(tie('statement'), { maxLength: 3 }))
      .map(([rounds, body]) => [
        ...[0x03, 0x40],
        ...body.flat(),
        ...[0x20, 2, 0x41, 1, 0x6a, 0x22, 2, 0x41, rounds, 0x48, 0x0d, 0],
        0x0b,
      ]),
  ),
}));

const program = fc
  .array(statement, { minLength: 1, maxLength: 8 })
  .map((statements) => [...statements.flat(), 0x20, 3, 0x20, 4, 0x73]);

type Run = (a: number, b: number) => number;

function instantiate(bytes: Uint8Array): { run: Run; memory: Uint8Array; exports: object } {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
  const { buffer } = exports['memory'] as WebAssembly.Memory;
  return { run: exports['run'] as Run, memory: new Uint8Array(buffer), exports };
}

function outcome(run: Run, a: number, b: number): number | string {
  try {
    return run(a, b);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('a metered program computes what the program computes, and leaves the same memory', () => {
  const value = fc.integer();
  fc.assert(
    fc.property(program, value, value, (code, a, b) => {
      const bytes = buildFilter({
        run: { type: 'ii>i', code, locals: LOCALS },
        helper: { type: 'i>i', code: [0x20, 0, 0x41, 3, 0x6c, 0x41, 1, 0x6a] },
      });
      const plain = instantiate(bytes);
      const shape = readShape(bytes, DEFAULT_MODULE_LIMITS);
      const metered = instantiate(meterModule(bytes, shape, DEFAULT_MODULE_LIMITS).bytes);
      const fuel = fuelOf(metered.exports);
      fuel.value = 1_000_000_000;
      expect(outcome(metered.run, a, b)).toBe(outcome(plain.run, a, b));
      expect(fuel.value).toBeLessThanOrEqual(1_000_000_000);
      expect(Buffer.compare(metered.memory, plain.memory)).toBe(0);
    }),
    { numRuns: 1500 },
  );
});

test('a program is stopped wherever its fuel ends', () => {
  const body = [0x20, 0, 0x41, 1, 0x6b, 0x22, 0];
  const code = [0x03, 0x40, ...body, 0x0d, 0, 0x0b, 0x20, 0];
  const bytes = buildFilter({ run: { type: 'ii>i', code } });
  const shape = readShape(bytes, DEFAULT_MODULE_LIMITS);
  const { run, exports } = instantiate(meterModule(bytes, shape, DEFAULT_MODULE_LIMITS).bytes);
  const fuel = fuelOf(exports);
  fuel.value = 100_000;
  run(1000, 0);
  const used = 100_000 - fuel.value;
  for (const given of [0, 1, used - 1]) {
    fuel.value = given;
    expect(() => run(1000, 0)).toThrow('unreachable');
    expect(fuel.value).toBeLessThan(0);
  }
  fuel.value = used;
  run(1000, 0);
  expect(fuel.value).toBe(0);
});

/** The fuel as if it were a variable. */
function fuelOf(exports: object): { value: number } {
  const exchange = (exports as Record<string, ExchangeFuel>)[FUEL_EXPORT];
  return {
    get value() {
      const left = exchange(0);
      exchange(left);
      return left;
    },
    set value(fuel: number) {
      exchange(fuel);
    },
  };
}
