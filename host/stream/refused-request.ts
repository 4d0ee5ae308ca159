import type { ConnectionInfo, MessageWriter } from '../http/codec.ts';
import type { Rejection } from '../http/rejection.ts';
import type { HttpService, StreamServices, StreamStats } from './service.ts';
import { HttpStream } from './stream.ts';

/**
 * Lets the log modules tell of a request that the codec answered by itself: what was refused is
 * what an operator wants to see. No filter sees it, and it is counted by whoever counts rejections.
 */
export function logRefusedRequest(
  service: HttpService,
  services: StreamServices,
  rejection: Rejection,
  connection: ConnectionInfo,
): void {
  if (service.chain.loggers.length === 0) return;
  const writer = new AnsweredWriter(rejection);
  const downstream = { writer, connection, onEnd: () => {} };
  new HttpStream(service, { ...services, stats: UNCOUNTED }, downstream).refused(rejection);
}

/** The answer is on the wire already: nothing more can be written. */
class AnsweredWriter implements MessageWriter {
  readonly wireBytesReceived: number;
  readonly wireBytesSent: number;

  constructor({ wireBytesReceived, wireBytesSent }: Rejection) {
    this.wireBytesReceived = wireBytesReceived;
    this.wireBytesSent = wireBytesSent;
  }

  writeHead(): boolean {
    return true;
  }

  writeInformational(): boolean {
    return true;
  }

  writeData(): boolean {
    return true;
  }

  writeTrailers(): boolean {
    return true;
  }

  pauseReading(): void {}

  resumeReading(): void {}

  reset(): void {}
}

const UNCOUNTED: StreamStats = { started: () => {}, finished: () => {} };
