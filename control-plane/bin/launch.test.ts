import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNode } from '../../test/kit/child-process.ts';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { isAlive } from '../cli/run-file.ts';

const HERE = import.meta.dirname;

test.each(['launch.mjs', 'lifeline.mjs'])('the proxy has the same %s', async (name) => {
  const ours = await readFile(join(HERE, name), 'utf8');
  const theirs = await readFile(join(HERE, '../../host/bin', name), 'utf8');
  expect(theirs).toBe(ours);
});

test('children end when their parent is killed without a word', async () => {
  await using directory = await TemporaryDirectory.make({
    'child.mjs': 'setInterval(() => {}, 1000); console.log("up");',
    'parent.ts': `
      import { Children } from ${JSON.stringify(join(HERE, '../cli/run/children.ts'))};
      const children = new Children();
      const child = children.start({ name: 'c', file: 'child.mjs', logFile: 'child.log' });
      console.log(child.pid);
      setInterval(() => {}, 1000);
    `,
  });
  await using parent = startNode(directory.join('parent.ts'), [], { cwd: directory.path });
  const pid = await waitFor('the child', async () => {
    const log = await directory.read('child.log').catch(() => '');
    return log.includes('up') ? Number(parent.stdout.trim()) : undefined;
  });
  expect(isAlive(pid)).toBe(true);
  process.kill(parent.pid, 'SIGKILL');
  await waitFor('the end of the child', () => !isAlive(pid));
});
