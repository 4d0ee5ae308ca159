import { chmod, stat, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';
import { openToken } from './token.ts';

test('a token is made once, for its owner alone, and found again', async () => {
  await using directory = await TemporaryDirectory.make();
  const path = directory.join('state/token');
  const made = await openToken(path);
  expect(made).toMatchObject({ ok: true, value: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await openToken(path)).toEqual(made);
});

test('a token that others may read is not used', async () => {
  await using directory = await TemporaryDirectory.make();
  const path = directory.join('token');
  await openToken(path);
  await chmod(path, 0o644);
  expect(await openToken(path)).toMatchObject({ ok: false, error: { fix: `chmod 600 ${path}` } });
});

test('an empty file is no token', async () => {
  await using directory = await TemporaryDirectory.make();
  await writeFile(directory.join('token'), '', { mode: 0o600 });
  expect(await openToken(directory.join('token'))).toMatchObject({ ok: false });
});
