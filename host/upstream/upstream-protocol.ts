import type { Socket } from 'node:net';
import type { MessageReceiver, MessageWriter } from '../http/codec.ts';
import type { HttpOptions } from './http-options.ts';

/**
 * What a pool needs of a client codec. One request at a time; `onIdle` and `onClose` are called
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

/** Puts a codec on a connected socket. */
export type OpenClientCodec = (
  socket: Socket,
  options: ClientCodecOptions,
  events: ClientCodecEvents,
) => ClientCodec;

export interface ClientCodecOptions {
  readonly http: HttpOptions;
  readonly bufferBytesMax: number;
}
