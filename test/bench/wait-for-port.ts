import { connect } from 'node:net';
import type { Child } from '../kit/child-process.ts';
import { waitFor } from '../kit/wait-for.ts';

/** Waits until something accepts connections on the port; fails when the process ends first. */
export async function waitForPort(port: number, child: Child): Promise<void> {
  const open = async () => (child.running ? await accepts(port) : 'ended');
  const found = await waitFor(`port ${port}`, open, { deadlineMs: 20_000 });
  if (found === 'ended') throw new Error(`it ended: ${child.stderr}${child.stdout}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
