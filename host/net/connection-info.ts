import type { Socket } from 'node:net';
import { formatAddress, plainIp } from './ip.ts';

/** Facts of an accepted connection; what `ConnectionInfo` of the codec seam asks for. */
export interface AcceptedInfo {
  /** Unique within the process. */
  readonly id: number;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly tlsVersion: string;
  readonly requestedServerName: string;
  readonly mtls: boolean;
  readonly uriSanPeerCertificate: string;
  readonly uriSanLocalCertificate: string;
}

/**
 * Ids that no other worker gives: worker `i` of at most 1,024 counts i, i + 1024, i + 2048, ...
 */
export class ConnectionIds {
  #next: number;

  constructor(worker: number) {
    this.#next = worker + 1;
  }

  next(): number {
    const id = this.#next;
    this.#next += 1024;
    return id;
  }
}

/** Reads both ends now: a closed socket no longer tells them. */
export function cleartextInfo(id: number, socket: Socket): AcceptedInfo {
  return {
    id,
    remoteAddress: endText(socket.remoteAddress, socket.remotePort),
    localAddress: endText(socket.localAddress, socket.localPort),
    tlsVersion: '',
    requestedServerName: '',
    mtls: false,
    uriSanPeerCertificate: '',
    uriSanLocalCertificate: '',
  };
}

function endText(ip: string | undefined, port: number | undefined): string {
  return ip === undefined ? '' : formatAddress(plainIp(ip), port ?? 0);
}
