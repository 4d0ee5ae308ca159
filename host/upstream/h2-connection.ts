import type { Socket } from 'node:net';
import type { Timer } from '@lateen/sdk/base/clock';
import type { MessageWriter } from '../http/codec.ts';
import type { H2Client } from '../http/h2-client.ts';
import type { Attempt, Carrier } from './attempt.ts';
import { type ConnectTarget, connectTo, localAddressOf } from './connect.ts';
import type { PoolSettings } from './pool-settings.ts';

/** What a connection tells the pool that owns it. */
export interface H2ConnectionOwner {
  /** The server has shown that it speaks HTTP/2. */
  connected(connection: H2Connection): void;
  /** Never got there; `timedOut` or refused, with a word for it. */
  connectFailed(connection: H2Connection, timedOut: boolean, detail: string): void;
  /** A stream has ended. */
  requestOver(): void;
  /** There may be room for more streams, or none are left. */
  roomChanged(connection: H2Connection): void;
  /** The server takes no further streams. */
  goneAway(connection: H2Connection): void;
  /** Gone. `busy`: with streams. */
  closed(connection: H2Connection, busy: boolean): void;
}

type State =
  | { readonly kind: 'connecting'; readonly socket: Socket }
  /** Connected; the server's settings are awaited, and prove that it speaks HTTP/2. */
  | { readonly kind: 'greeting'; readonly codec: H2Client }
  | { readonly kind: 'open'; readonly codec: H2Client }
  | { readonly kind: 'closed' };

const CLOSED: State = { kind: 'closed' };

/** One HTTP/2 connection to one host: carries many requests at a time. */
export class H2Connection implements Carrier {
  readonly id: number;
  readonly tlsVersion = '';
  localAddress = '';
  idleSince = 0;
  readonly #owner: H2ConnectionOwner;
  readonly #settings: PoolSettings;
  readonly #startedAt: number;
  #state: State;
  #timer: Timer | null;
  #requests = 0;
  #error = '';

  constructor(id: number, target: ConnectTarget, owner: H2ConnectionOwner, settings: PoolSettings) {
    this.id = id;
    this.#owner = owner;
    this.#settings = settings;
    const { clock, config } = settings;
    this.#startedAt = clock.now();
    const socket = connectTo(target, config);
    this.#state = { kind: 'connecting', socket };
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error.code ?? error.message;
    });
    socket.once('connect', () => this.#socketConnected(socket));
    socket.once('close', () => this.#socketClosed());
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

  /** Streams that may start now. */
  get room(): number {
    return this.#state.kind === 'open' ? this.#state.codec.room : 0;
  }

  get streams(): number {
    return this.#state.kind === 'open' ? this.#state.codec.streams : 0;
  }

  start(attempt: Attempt): MessageWriter {
    if (this.#state.kind !== 'open') throw new Error('a connection was used before it was open');
    this.#requests++;
    return this.#state.codec.startStream(attempt.receiver, () => {
      attempt.end();
      this.#owner.requestOver();
    });
  }

  /** Takes no further requests; closes with the last one it has. */
  finish(): void {
    if (this.#state.kind === 'open') this.#state.codec.finish();
  }

  close(): void {
    const state = this.#state;
    if (state.kind === 'closed') return;
    if (state.kind !== 'open') this.#fail(false, 'closed');
    if (state.kind === 'connecting') state.socket.destroy();
    else state.codec.close();
  }

  #socketConnected(socket: Socket): void {
    if (this.#state.kind !== 'connecting') return;
    this.localAddress = localAddressOf(socket);
    const { config, codecs } = this.#settings;
    const codec = codecs.openH2(
      socket,
      { http: config.http, bufferBytesMax: config.bufferBytesMax },
      {
        onReady: () => this.#ready(),
        onRoom: () => this.#owner.roomChanged(this),
        onGoaway: () => this.#owner.goneAway(this),
        onClose: (detail, lost) => this.#codecClosed(detail, lost > 0),
      },
    );
    this.#state = { kind: 'greeting', codec };
  }

  #ready(): void {
    if (this.#state.kind !== 'greeting') return;
    this.#stopTimer();
    this.#state = { kind: 'open', codec: this.#state.codec };
    this.#owner.connected(this);
  }

  #codecClosed(detail: string, busy: boolean): void {
    if (this.#state.kind === 'greeting') {
      this.#fail(false, `no HTTP/2 connection: ${this.#error || detail}`);
      return;
    }
    if (this.#state.kind !== 'open') return;
    this.#state = CLOSED;
    this.#owner.closed(this, busy);
  }

  #socketClosed(): void {
    if (this.#state.kind === 'connecting') this.#fail(false, this.#error || 'connection closed');
  }

  #giveUp(): void {
    const state = this.#state;
    if (state.kind === 'connecting') {
      this.#fail(true, 'connect timeout');
      state.socket.destroy();
    } else if (state.kind === 'greeting') {
      this.#fail(true, 'connect timeout: the server sent no HTTP/2 settings');
      state.codec.close();
    }
  }

  #fail(timedOut: boolean, detail: string): void {
    this.#stopTimer();
    this.#state = CLOSED;
    this.#owner.connectFailed(this, timedOut, detail);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
