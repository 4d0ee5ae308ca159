// Loaded before everything else in a child process (`node --import`): ends it when its parent is
// gone, even by kill -9. The parent holds the other end of a pipe and never writes to it; the
// descriptor's number stands in LATEEN_LIFELINE.
import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

const fd = Number(process.env.LATEEN_LIFELINE);
if (isMainThread && Number.isInteger(fd) && fd > 2) {
  delete process.env.LATEEN_LIFELINE;
  const pipe = new Socket({ fd, readable: true, writable: false });
  const end = () => process.exit(1);
  pipe.on('end', end).on('error', end).on('close', end);
  pipe.resume();
  pipe.unref();
}
