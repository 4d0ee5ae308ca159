import type { Socket } from 'node:net';
import type { Clock } from '@lateen/sdk/base/clock';
import { type Sniffed, type SniffFor, sniff } from './sniff.ts';

export interface Inspection {
  readonly wanted: SniffFor;
  /** 0 = no limit. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** `null`: the client sent too little in time. Not called when the connection ends before. */
  readonly done: (sniffed: Sniffed | null) => void;
}

/**
 * Looks at a connection's first bytes and puts them back. `done` is called with the socket paused;
 * whoever takes it over resumes it.
 */
export function inspect(socket: Socket, inspection: Inspection): void {
  const { wanted, timeoutMs, clock, done } = inspection;
  let received: Buffer = Buffer.alloc(0);
  const finish = (sniffed: Sniffed | null): void => {
    timer?.cancel();
    socket.off('data', onData);
    socket.off('end', onEnd);
    socket.off('close', onClose);
    socket.pause();
    if (received.length > 0) socket.unshift(received);
    done(sniffed);
  };
  const onData = (chunk: Buffer): void => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const sniffed = sniff(received, wanted);
    if (sniffed.kind !== 'incomplete') finish(sniffed);
  };
  // A client that says no more will never show what it is.
  const onEnd = (): void => void socket.destroy();
  const onClose = (): void => timer?.cancel();
  const timer = timeoutMs > 0 ? clock.setTimer(timeoutMs, () => finish(null)) : null;
  socket.on('data', onData);
  socket.once('end', onEnd);
  socket.once('close', onClose);
}
