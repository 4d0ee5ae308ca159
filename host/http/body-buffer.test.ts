import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyBuffer } from './body-buffer.ts';

const bytes = fc.uint8Array({ maxLength: 40 });

function content(buffer: BodyBuffer): Buffer {
  const target = Buffer.alloc(buffer.length);
  buffer.copyTo(target, 0, 0, buffer.length);
  return target;
}

test('a splice anywhere leaves what a splice of one flat array leaves', () => {
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 6 }),
      fc.nat(200),
      fc.nat(200),
      bytes,
      (parts, start, size, insert) => {
        const buffer = new BodyBuffer();
        for (const part of parts) buffer.append(part);
        const flat = Buffer.concat(parts);
        const from = Math.min(start, flat.length);
        const to = Math.min(from + size, flat.length);
        buffer.splice(start, size, insert);
        const expected = Buffer.concat([flat.subarray(0, from), insert, flat.subarray(to)]);
        expect(content(buffer)).toEqual(expected);
        expect(buffer.length).toBe(expected.length);
      },
    ),
  );
});

test('a read is clipped to what is there', () => {
  const buffer = new BodyBuffer();
  buffer.append(Buffer.from('hello '));
  buffer.append(Buffer.from('world'));
  const target = Buffer.alloc(8);
  expect(buffer.copyTo(target, 0, 4, 100)).toBe(7);
  expect(target.toString('latin1', 0, 7)).toBe('o world');
  expect(buffer.copyTo(target, 0, 100, 5)).toBe(0);
});
