import type { Socket } from 'node:net';
import type { MessageReceiver, MessageWriter } from '../http/codec.ts';
import type { H2Client, H2ClientEvents } from '../http/h2-client.ts';
import type { HttpOptions } from './http-options.ts';

/** Puts a codec on a connected socket, one way for each protocol. */
export interface ClientCodecs {
  readonly openH1: OpenCodec<ClientCodecEvents, ClientCodec>;
  /** The socket is one that nobody reads. */
  readonly openH2: OpenCodec<H2ClientEvents, H2Client>;
}

type OpenCodec<Events, Codec> = (
  socket: Socket,
  options: ClientCodecOptions,
  events: Events,
) => Codec;

export interface ClientCodecOptions {
  readonly http: HttpOptions;
  readonly bufferBytesMax: number;
}

/**
 * What a pool needs of an HTTP/1 codec. One request at a time; `onIdle` and `onClose` are called
 * after the receiver has heard the end of the message.
 */
export interface ClientCodec {
  startStream(receiver: MessageReceiver): MessageWriter;
  /** Open, and without a message. */
  readonly reusable: boolean;
  close(): void;
}

export interface ClientCodecEvents {
  /** The message at hand is over and the connection can carry another. */
  onIdle(): void;
  /** The connection is gone, or will carry nothing more. Called once. */
  onClose(): void;
}
