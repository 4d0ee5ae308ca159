import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileMapped } from '../fixtures/assembly.ts';
import { fakeServices } from '../fixtures/fake-services.ts';
import { FakeStream } from '../fixtures/fake-stream.ts';
import { openBytes } from '../fixtures/open-vm.ts';
import { originalPosition, PositionRecorder } from './positions.ts';
import { SourceMap } from './source-map.ts';

/** Recursive, or the compiler inlines them. Loops and bulk operations stand before what traps, so that the fuel pass moves it. */
const SOURCE = `
function divide(a: i32, b: i32): i32 {
  let sum = a > 1000 ? divide(a - 1, b) : 0;
  for (let i = 0; i < 10; i++) sum += i * a;
  memory.fill(1024, 7, 64);
  while (sum > 1000) sum -= 7;
  return sum / b;
}
function handle(n: i32): i32 {
  if (n > 1000) return handle(n - 1) + handle(n - 2);
  for (let i = 0; i < n; i++) memory.grow(0);
  return divide(n, n - 5) + 1;
}
export function proxy_on_request_headers(id: i32, n: i32, end: i32): i32 {
  setHeaderText(0, NAME, 'x');
  getHeader(0, NAME);
  return handle(n) + divide(7, 7) + handle(n + 1) == 123456 ? 1 : 0;
}
export function proxy_on_response_headers(id: i32, n: i32, end: i32): i32 {
  const list = new Array<i32>();
  return list[n];
}
export function proxy_on_log(id: i32): void {
  for (;;) load<u8>(1024);
}
const NAME = new Text('x-name');
`;

const LINES = SOURCE.split('\n');
const lineOf = (text: string) => LINES.findIndex((line) => line.includes(text));

for (const trusted of [false, true]) {
  test(`a trap names the line and the column of the source (trusted ${trusted})`, async () => {
    const { bytes, map, firstLine } = await compileMapped(SOURCE);
    const { root, vm, services } = await openBytes(bytes, { trusted, sourceMap: map });
    const stream = new FakeStream();
    stream.request.setPairs([
      [':method', 'GET'],
      ['x-request-id', 'abc-1'],
    ]);
    const context = root.openStream(stream);
    expect(context.onRequestHeaders(3, true)).toBe(0);
    context.onRequestHeaders(5, true);
    const line = firstLine + lineOf('return sum / b');
    const caller = firstLine + lineOf('return divide');
    expect(vm.fault?.message).toMatch(
      new RegExp(
        `^trapped in proxy_on_request_headers: divide by zero at \\S*divide \\(main\\.ts:${line}:10\\) < \\S*handle \\(main\\.ts:${caller}:10\\) < `,
      ),
    );
    const [fields] = services.fields;
    expect(fields?.['source']).toBe(
      `${line} |   return sum / b;\n${' '.repeat(String(line).length)} |          ^`,
    );
    expect(fields?.['request_id']).toBe('abc-1');
    expect(fields?.['host_calls']).toBe(
      trusted ? undefined : 'proxy_replace_header_map_value proxy_get_header_map_value',
    );
  });
}

test('what traps inside the library is shown where the author called it', async () => {
  const { bytes, map, firstLine } = await compileMapped(SOURCE);
  const { root, vm } = await openBytes(bytes, { sourceMap: map });
  root.openStream(new FakeStream()).onResponseHeaders(7, true);
  const line = firstLine + lineOf('return list[n]');
  expect(vm.fault?.message).toContain(`, near main.ts:${line}:`);
  expect(vm.fault?.message).toMatch(/^aborted: Index out of range at ~lib\/array\.ts/);
});

test('an endless loop is found where it stands', async () => {
  const { bytes, map, firstLine } = await compileMapped(SOURCE);
  const { root, vm } = await openBytes(bytes, { sourceMap: map });
  root.openStream(new FakeStream()).close(true);
  expect(vm.fault?.message).toContain(`(main.ts:${firstLine + lineOf('for (;;)')}:`);
});

test('an embedded map serves as well, and without any there are names', async () => {
  const { bytes, map } = await compileMapped(SOURCE);
  const embedded = embed(bytes, map);
  const services = fakeServices();
  const one = await openBytes(embedded, { services });
  one.root.openStream(new FakeStream()).onRequestHeaders(5, true);
  expect(one.vm.fault?.message).toMatch(/divide \(main\.ts:\d+:10\)/);
  const two = await openBytes(bytes);
  two.root.openStream(new FakeStream()).onRequestHeaders(5, true);
  expect(two.vm.fault?.message).toMatch(/at \S*divide < \S*handle < /);
});

test('places in pieces lead back, places between pieces to the instruction behind', () => {
  const gaps = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 50 })), { maxLength: 40 });
  fc.assert(
    fc.property(gaps, (list) => {
      const recorder = new PositionRecorder();
      const expected: [number, number][] = [];
      let [written, original] = [100, 80];
      for (const [gap, length] of list) {
        for (let i = 0; i < gap; i++) expected.push([written + i, original]);
        written += gap;
        recorder.piece(written, original);
        for (let i = 0; i < length; i++) expected.push([written + i, original + i]);
        written += length;
        original += length;
      }
      const pieces = recorder.finish();
      const first = pieces[0] ?? 0;
      for (const [from, to] of expected) {
        if (from >= first) expect(originalPosition(pieces, from)).toBe(to);
      }
    }),
  );
});

test('whatever a source map holds, it is read or it is none', () => {
  expect(SourceMap.parse('no json')).toBeNull();
  expect(SourceMap.parse('[]')).toBeNull();
  expect(SourceMap.parse('{"sources":[],"mappings":7}')).toBeNull();
  fc.assert(
    fc.property(fc.string(), fc.nat(5000), (mappings, offset) => {
      const map = SourceMap.parse(JSON.stringify({ sources: ['a'], mappings }));
      const found = map?.find(offset) ?? null;
      expect(found === null || found.file === 'a').toBe(true);
      if (found !== null) expect(map?.frame(found)).toBe('');
    }),
  );
});

/** The module with the map in its section in place of the map's name. */
function embed(bytes: Uint8Array, map: string): Uint8Array {
  const name = Buffer.from('sourceMappingURL');
  const at = Buffer.from(bytes).lastIndexOf(name) - 1;
  const url = `data:application/json;base64,${Buffer.from(map).toString('base64')}`;
  const content = Buffer.concat([Buffer.of(name.length), name, leb(url.length), Buffer.from(url)]);
  let start = at - 1;
  while (bytes[start] !== 0) start--;
  return Buffer.concat([bytes.subarray(0, start), Buffer.of(0), leb(content.length), content]);
}

function leb(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    bytes.push(rest < 128 ? rest : (rest & 127) | 128);
    if (rest < 128) return Buffer.from(bytes);
  }
}
