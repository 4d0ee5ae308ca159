import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Child, run, startNode } from './child-process.ts';
import { freePorts } from './free-port.ts';
import { TemporaryDirectory } from './temporary-directory.ts';
import { waitFor, withDeadline } from './wait-for.ts';

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('a child that is stopped takes its own children along', async () => {
  await using directory = await TemporaryDirectory.make({
    'parent.mjs': `
      import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
      process.on('SIGTERM', () => process.exit(0));
      console.log('grandchild ' + child.pid + ' ready');
      setInterval(() => {}, 1000);
    `,
  });
  const child = startNode(directory.join('parent.mjs'));
  const [, pid] = await child.waitForOutput(/grandchild (\d+) ready/);
  expect(alive(Number(pid))).toBe(true);
  expect(await child.stop()).toEqual({ code: 0, signal: null });
  await waitFor('the grandchild to die', () => !alive(Number(pid)));
});

test('waiting for output fails at once, with the output, when the process has ended', async () => {
  await using child = new Child('sh', ['-c', 'echo oh no >&2; exit 3']);
  await expect(child.waitForOutput(/ready/)).rejects.toThrow(/ended {"code":3,.*oh no/s);
});

test('a command that does not exist is an exit code of 127, not an exception', async () => {
  const { code, stderr } = await run('/no/such/command', []);
  expect(code).toBe(127);
  expect(stderr).toContain('ENOENT');
});

test('free ports differ', async () => {
  const ports = await freePorts(20);
  expect(new Set(ports).size).toBe(20);
});

test('a temporary directory is gone afterwards', async () => {
  let path: string;
  {
    await using directory = await TemporaryDirectory.make({ 'a/b.txt': 'c' });
    path = directory.path;
    expect(await directory.read('a/b.txt')).toBe('c');
  }
  expect(existsSync(path)).toBe(false);
});

test('a deadline names what was waited for, and the last error stays as its cause', async () => {
  const never = new Promise(() => {});
  await expect(withDeadline('godot', never, { deadlineMs: 5 })).rejects.toThrow(/godot/);
  const probe = () => {
    throw new Error('not yet');
  };
  await expect(waitFor('the moon', probe, { deadlineMs: 5 })).rejects.toMatchObject({
    message: expect.stringContaining('the moon'),
    cause: expect.objectContaining({ message: 'not yet' }),
  });
});
