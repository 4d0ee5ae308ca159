import type { Socket } from 'node:net';
import type { Timer } from '@lateen/sdk/base/clock';
import type { MessageWriter } from '../http/codec.ts';
import { markReader, readIntoShared } from '../net/socket-reader.ts';
import type { Attempt, Carrier } from './attempt.ts';
import { type ConnectTarget, connectTo, localAddressOf } from './connect.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { ClientCodec } from './upstream-protocol.ts';

/** What a connection tells the pool that owns it. */
export interface ConnectionOwner {
  connected(connection: PoolConnection): void;
  /** Never got there; `timedOut` or refused, with the system's word for it. */
  connectFailed(connection: PoolConnection, timedOut: boolean, detail: string): void;
  /** The message is over, the connection can carry another. */
  idle(connection: PoolConnection): void;
  /** Gone, or not to be used again. `attempt` is the one it carried. */
  closed(connection: PoolConnection, attempt: Attempt | null): void;
}

type State = 'connecting' | 'open' | 'closed';

/** One connection to one host: connects, carries one request after the other, closes. */
export class PoolConnection implements Carrier {
  readonly id: number;
  readonly tlsVersion = '';
  localAddress = '';
  /** `Clock.now()` when it last became idle. */
  idleSince = 0;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #settings: PoolSettings;
  readonly #startedAt: number;
  #state: State = 'connecting';
  #codec: ClientCodec | null = null;
  #timer: Timer | null;
  #attempt: Attempt | null = null;
  #requests = 0;
  #error = '';

  constructor(id: number, target: ConnectTarget, owner: ConnectionOwner, settings: PoolSettings) {
    this.id = id;
    this.#owner = owner;
    this.#settings = settings;
    const { clock, config } = settings;
    this.#startedAt = clock.now();
    this.#socket = markReader(connectTo(target, config, { onread: readIntoShared }));
    this.#socket.on('error', (error) => {
      this.#error = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
    });
    this.#socket.once('connect', () => this.#connected());
    this.#socket.once('close', () => this.#socketClosed());
    this.#timer = clock.setTimer(config.connectTimeoutMs, () => this.#giveUp());
  }

  /** It has served others before the request at hand. */
  get reused(): boolean {
    return this.#requests > 1;
  }

  get requests(): number {
    return this.#requests;
  }

  /** Milliseconds since it was begun. */
  get ageMs(): number {
    return this.#settings.clock.now() - this.#startedAt;
  }

  /** Not known to be broken. */
  get usable(): boolean {
    return this.#codec?.reusable === true;
  }

  start(attempt: Attempt): MessageWriter {
    if (this.#codec === null) throw new Error('a connection was used before it was open');
    this.#attempt = attempt;
    this.#requests++;
    return this.#codec.startStream(attempt.receiver);
  }

  close(): void {
    if (this.#state === 'connecting') {
      this.#socket.destroy();
      this.#fail(false, 'closed');
      return;
    }
    this.#codec?.close();
    this.#end();
  }

  #connected(): void {
    if (this.#state !== 'connecting') return;
    this.#stopTimer();
    this.#state = 'open';
    this.localAddress = localAddressOf(this.#socket);
    const { config } = this.#settings;
    this.#codec = this.#settings.codecs.openH1(
      this.#socket,
      { http: config.http, bufferBytesMax: config.bufferBytesMax },
      { onIdle: () => this.#messageOver(), onClose: () => this.#end() },
    );
    this.#owner.connected(this);
  }

  #messageOver(): void {
    if (this.#state !== 'open') return;
    this.#attempt?.end();
    this.#attempt = null;
    this.#owner.idle(this);
  }

  #socketClosed(): void {
    if (this.#state === 'connecting') this.#fail(false, this.#error || 'connection closed');
    else this.#end();
  }

  #giveUp(): void {
    if (this.#state !== 'connecting') return;
    this.#fail(true, 'connect timeout');
    this.#socket.destroy();
  }

  #fail(timedOut: boolean, detail: string): void {
    this.#stopTimer();
    this.#state = 'closed';
    this.#owner.connectFailed(this, timedOut, detail);
  }

  #end(): void {
    if (this.#state === 'closed') return;
    this.#stopTimer();
    this.#state = 'closed';
    const attempt = this.#attempt;
    this.#attempt = null;
    attempt?.end();
    this.#owner.closed(this, attempt);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
