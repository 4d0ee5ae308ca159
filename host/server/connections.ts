import type { Socket } from 'node:net';
import type { ConnectionInfo, MessageWriter } from '../http/codec.ts';
import { type CodecServices, h1ServerOptions } from '../http/h1-options.ts';
import { type H1Server, openH1Server } from '../http/h1-server.ts';
import type { Rejection } from '../http/rejection.ts';
import type { HcmConfig } from '../stream/hcm-config.ts';
import { logRefusedRequest } from '../stream/refused-request.ts';
import type { StreamServices } from '../stream/service.ts';
import { type Downstream, HttpStream } from '../stream/stream.ts';
import type { LiveService, PinnedStream, ServiceVersion } from './live-service.ts';

/** How often retiring connections are looked at. */
const RETIRE_STEP_MS = 50;

export interface ConnectionsOptions {
  readonly codec: CodecServices;
  readonly streams: StreamServices;
  /** Requests that no stream saw: what the codec refused by itself. */
  readonly onRejected: (rejection: Rejection, statPrefix: string) => void;
}

/** A worker's downstream connections: each speaks for the service of its filter chain. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Map<H1Server, LiveService>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#open.size;
  }

  get streams(): number {
    let count = 0;
    for (const server of this.#open.keys()) count += server.activeStreams;
    return count;
  }

  /** Serves HTTP on an accepted socket until it closes. */
  serve(socket: Socket, service: LiveService, info: ConnectionInfo): void {
    const { codec, onRejected } = this.#options;
    const { hcm } = service.current;
    let requests = 0;
    const server = openH1Server(
      socket,
      h1ServerOptions({ ...codec, ...serverSettings(hcm, service.current.bufferBytesMax) }),
      (writer, connection) => {
        const { requestsPerConnectionMax } = service.current.hcm;
        if (++requests === requestsPerConnectionMax) server.drain();
        return new Ride(service.version, this.#options.streams, writer, connection).stream;
      },
      info,
      {
        onRejected: (rejection) => {
          const { current } = service;
          onRejected(rejection, current.hcm.statPrefix);
          logRefusedRequest(current, this.#options.streams, rejection, info);
        },
        onClose: () => this.#open.delete(server),
      },
    );
    this.#open.set(server, service);
  }

  /** No further request on any connection of these services; answers under way go out. */
  drain(services: (service: LiveService) => boolean = () => true): void {
    for (const [server, service] of this.#open) if (services(service)) server.drain();
  }

  /**
   * Ends connections without cutting an answer: no further request, idle ones close, and so do the
   * others as they become idle. Resolves when none is left, or when time is up and the rest is cut.
   */
  async retire(limitMs: number, services: (service: LiveService) => boolean): Promise<void> {
    this.drain(services);
    const { clock } = this.#options.streams;
    const deadline = clock.now() + limitMs;
    const left = () => [...this.#open].filter(([, service]) => services(service));
    for (;;) {
      const busy = left().filter(([server]) => !server.closeIfIdle());
      if (busy.length === 0) return;
      if (clock.now() >= deadline) break;
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.setTimer(RETIRE_STEP_MS, resolve);
      await promise;
    }
    for (const [server] of left()) server.close();
  }

  /** Cuts every connection. */
  close(): void {
    for (const server of [...this.#open.keys()]) server.close();
  }
}

/** One stream on one version of its service, from its head to its end. */
class Ride implements Downstream, PinnedStream {
  readonly stream: HttpStream;
  readonly writer: MessageWriter;
  readonly connection: ConnectionInfo;
  place = -1;
  readonly #version: ServiceVersion;

  constructor(
    version: ServiceVersion,
    services: StreamServices,
    writer: MessageWriter,
    connection: ConnectionInfo,
  ) {
    this.#version = version;
    this.writer = writer;
    this.connection = connection;
    this.stream = new HttpStream(version.lease.service, services, this);
    version.enter(this);
  }

  reset(): void {
    this.stream.resetDownstream();
  }

  onEnd(): void {
    this.#version.leave(this);
  }
}

function serverSettings(hcm: HcmConfig, bufferBytesMax: number) {
  return {
    limits: {
      headersMax: hcm.headersMax,
      headerBytesMax: hcm.requestHeaderBytesMax,
    },
    idleTimeoutMs: hcm.idleTimeoutMs,
    delayedCloseTimeoutMs: hcm.delayedCloseTimeoutMs,
    acceptHttp10: hcm.acceptHttp10,
    trailers: hcm.trailers,
    bufferBytesMax,
    ...(hcm.requestHeadersTimeoutMs > 0 ? { headerTimeoutMs: hcm.requestHeadersTimeoutMs } : {}),
  };
}
