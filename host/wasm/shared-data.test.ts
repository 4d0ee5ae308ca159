import * as status from '@lateen/sdk/abi/status';
import { expect, test } from 'vitest';
import { createSharedData } from './shared-data.ts';

const bytes = (text: string) => Buffer.from(text);

test('data belongs to a VM id and a key', () => {
  const data = createSharedData();
  expect(data.set('a', 'k', bytes('1'), 0)).toBe(status.OK);
  expect(data.get('a', 'k')?.value).toEqual(bytes('1'));
  expect(data.get('b', 'k')).toBeNull();
  expect(data.get('a', 'l')).toBeNull();
});

test('a swap takes place only on the value that was read', () => {
  const data = createSharedData();
  data.set('a', 'k', bytes('1'), 0);
  const first = data.get('a', 'k');
  expect(data.set('a', 'k', bytes('2'), first?.cas ?? 0)).toBe(status.OK);
  expect(data.set('a', 'k', bytes('3'), first?.cas ?? 0)).toBe(status.CAS_MISMATCH);
  expect(data.get('a', 'k')?.value).toEqual(bytes('2'));
  expect(data.set('a', 'missing', bytes('x'), 99)).toBe(status.OK);
});

test('what would pass a limit is refused and changes nothing', () => {
  const data = createSharedData({ keysPerVmMax: 2, keyBytesMax: 3, bytesPerVmMax: 11 });
  expect(data.set('a', 'k', bytes('123456'), 0)).toBe(status.OK);
  expect(data.set('a', 'l', bytes('1234'), 0)).toBe(status.INTERNAL_FAILURE);
  expect(data.set('a', 'l', bytes('12'), 0)).toBe(status.OK);
  expect(data.set('a', 'm', bytes(''), 0)).toBe(status.INTERNAL_FAILURE);
  expect(data.set('a', 'long', bytes(''), 0)).toBe(status.INTERNAL_FAILURE);
  expect(data.set('a', 'k', bytes('1234567'), 0)).toBe(status.OK);
  expect(data.set('a', 'k', bytes('12345678'), 0)).toBe(status.INTERNAL_FAILURE);
  expect(data.get('a', 'k')?.value).toEqual(bytes('1234567'));
  expect(data.set('b', 'k', bytes('123456789'), 0)).toBe(status.OK);
});
