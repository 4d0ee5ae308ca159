import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TemporaryDirectory } from '../../../test/kit/temporary-directory.ts';
import { findInTar, tarOf } from './tar.ts';

const CONTENT = Buffer.from('0061736d01000000', 'hex');

/** A header of one's own making, with a checksum that fits. */
function header(fields: { name: string; size?: string; type?: string }): Buffer {
  const bytes = Buffer.from(tarOf('x', Buffer.alloc(0)).subarray(0, 512));
  bytes.fill(0, 0, 100).write(fields.name, 0);
  bytes.write(fields.size ?? '00000000000', 124);
  bytes.write(fields.type ?? '0', 156);
  bytes.fill(0x20, 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

describe('an archive', () => {
  test('of our own is found in, and is read by tar', async () => {
    await using directory = await TemporaryDirectory.make();
    const archive = tarOf('plugin.wasm', CONTENT);
    expect(findInTar(archive, 'plugin.wasm')).toEqual({ ok: true, value: CONTENT });
    const file = await directory.write('a.tar', archive);
    expect(execFileSync('tar', ['-xOf', file, 'plugin.wasm'])).toEqual(CONTENT);
  });

  test.each(['gnu', 'ustar', 'pax', 'v7'])('of tar --format=%s is found in', async (format) => {
    const long = format === 'gnu' || format === 'pax' ? `${'d'.repeat(90)}/`.repeat(3) : 'd/e/';
    await using directory = await TemporaryDirectory.make({
      'root/other.txt': 'x'.repeat(2000),
      [`root/${long}plugin.wasm`]: CONTENT,
    });
    const file = directory.join('a.tar');
    execFileSync('tar', [`--format=${format}`, '-cf', file, '-C', directory.join('root'), '.']);
    const found = findInTar(readFileSync(file), 'plugin.wasm');
    expect(found).toEqual({ ok: true, value: CONTENT });
    expect(findInTar(readFileSync(file), 'missing.wasm')).toEqual({ ok: true, value: undefined });
  });

  const end = Buffer.alloc(1024);
  test.each([
    ['a symbolic link', header({ name: 'plugin.wasm', type: '2' }), 'is a link'],
    ['a hard link', header({ name: 'plugin.wasm', type: '1' }), 'is a link'],
    ['a device', header({ name: 'plugin.wasm', type: '3' }), 'a device'],
    ['outside of the root', header({ name: '../plugin.wasm' }), 'outside of its root'],
    [
      'longer than the archive',
      header({ name: 'plugin.wasm', size: '77777777777' }),
      'ends within',
    ],
    [
      'of a size that is no number',
      header({ name: 'plugin.wasm', size: 'zzzzzzzzzzz' }),
      'damaged',
    ],
    ['of a negative size', header({ name: 'plugin.wasm', size: '-0000000010' }), 'damaged'],
  ])('whose module is %s is refused', (_, first, why) => {
    const found = findInTar(Buffer.concat([first, end]), 'plugin.wasm');
    expect(!found.ok && found.error).toContain(why);
  });

  test('with a damaged header, broken pax records or endless entries is refused', () => {
    const damaged = tarOf('plugin.wasm', CONTENT);
    damaged[0]! ^= 1;
    expect(findInTar(damaged, 'plugin.wasm')).toMatchObject({ ok: false });
    const pax = (text: string): Buffer => {
      const size = `${text.length.toString(8).padStart(11, '0')}`;
      return Buffer.concat([header({ name: 'p', size, type: 'x' }), Buffer.alloc(512, text), end]);
    };
    for (const text of ['x', '5 a=', '99 path=a\n', '0 path=a\n', '14 size=12345\n']) {
      expect(findInTar(pax(text.padEnd(text.length)), 'plugin.wasm')).toMatchObject({ ok: false });
    }
    const entry = header({ name: 'x' });
    const many = Buffer.concat(Array<Buffer>(10_001).fill(entry));
    expect(findInTar(many, 'plugin.wasm')).toEqual({
      ok: false,
      error: 'has more than 10000 entries',
    });
  });

  test('cut anywhere before its end is never read as whole', () => {
    const archive = Buffer.concat([
      tarOf('a', Buffer.alloc(700)).subarray(0, 1536),
      tarOf('plugin.wasm', CONTENT),
    ]);
    fc.assert(
      fc.property(fc.nat({ max: 1536 + 512 + CONTENT.length - 1 }), (length) => {
        const found = findInTar(archive.subarray(0, length), 'plugin.wasm');
        expect(found.ok && found.value !== undefined).toBe(false);
      }),
    );
  });

  test('of any bytes is an outcome, never an exception', () => {
    const blocks = fc.array(
      fc.oneof(
        fc.uint8Array({ minLength: 512, maxLength: 512 }),
        fc.constant(Uint8Array.from(header({ name: 'plugin.wasm', size: '00000000010' }))),
        fc.constant(Uint8Array.from(header({ name: 'p', size: '00000000100', type: 'L' }))),
        fc.constant(Uint8Array.from(header({ name: 'p', size: '00000000100', type: 'x' }))),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(blocks, fc.nat({ max: 600 }), (parts, cut) => {
        const archive = Buffer.concat(parts);
        const found = findInTar(archive.subarray(0, archive.length - cut), 'plugin.wasm');
        if (found.ok && found.value !== undefined) expect(found.value.length).toBe(8);
      }),
      { numRuns: 500 },
    );
  });

  test('of a module of any size is found in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (content) => {
        const found = findInTar(tarOf('plugin.wasm', content), 'plugin.wasm');
        expect(found.ok && found.value && Buffer.from(found.value)).toEqual(Buffer.from(content));
      }),
    );
  });
});
