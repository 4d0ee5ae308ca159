import { type Clock, systemClock } from '@lateen/sdk/base/clock';
import { TimerWheel } from '../observe/timer-wheel.ts';
import { TurnClock } from '../observe/turn-clock.ts';
import { FlushQueue } from './flush-queue.ts';
import { DEFAULT_HEADER_LIMITS, type HeaderLimits } from './header-map.ts';
import { HeaderMapPool } from './header-map-pool.ts';

/** What all connections of one worker share. */
export interface CodecServices {
  /** Stands still while an event is handled. */
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly queue: FlushQueue;
  readonly maps: HeaderMapPool;
}

/** What both sides have in common. */
export interface H1Options extends CodecServices {
  readonly limits: HeaderLimits;
  /** Passes trailers on; else they are checked and dropped, as in Envoy. */
  readonly trailers: boolean;
  /** Output above this makes writes return false, and below half of it `onWritable` is called. */
  readonly bufferBytesMax: number;
}

export interface H1ServerOptions extends H1Options {
  /** The connection is TLS: `:scheme` is `https`. */
  readonly secure: boolean;
  /** From the first byte of a head to its end; then 408. 0 = no limit. */
  readonly headerTimeoutMs: number;
  /** From accept to the first byte, if that is shorter than `idleTimeoutMs`. 0 = no limit. */
  readonly firstByteTimeoutMs: number;
  /** Without a request, from accept on (Envoy's idle_timeout). 0 = no limit. */
  readonly idleTimeoutMs: number;
  /** How long a closing connection still reads, so that the last answer arrives. */
  readonly delayedCloseTimeoutMs: number;
  /** How long a closing connection may make no progress in sending what is still to be sent. */
  readonly flushTimeoutMs: number;
  /** How long a client that has closed its half may wait for the head of its answer. */
  readonly halfCloseGraceMs: number;
  /** Unread body behind an early answer is read up to this; more of it closes the connection. */
  readonly drainBytesMax: number;
  /** Answers HTTP/1.0 requests; else 426. */
  readonly acceptHttp10: boolean;
}

export interface H1ClientOptions extends H1Options {
  /** 1xx heads before one final head; more of them break the protocol. */
  readonly informationalMax: number;
}

/** Services of their own, for a program without workers and for tests. */
export function openCodecServices(clock = systemClock): CodecServices {
  const turns = new TurnClock(clock);
  const timers = new TimerWheel(turns);
  return { clock: turns, timers, queue: new FlushQueue(turns), maps: new HeaderMapPool() };
}

/** The defaults, in the one place that settles them. */
export function h1ServerOptions(
  options: CodecServices & Partial<H1ServerOptions>,
): H1ServerOptions {
  return {
    limits: DEFAULT_HEADER_LIMITS,
    trailers: false,
    bufferBytesMax: 256 * 1024,
    secure: false,
    headerTimeoutMs: 10_000,
    firstByteTimeoutMs: 60_000,
    idleTimeoutMs: 3_600_000,
    delayedCloseTimeoutMs: 1000,
    flushTimeoutMs: 30_000,
    halfCloseGraceMs: 1000,
    drainBytesMax: 64 * 1024,
    acceptHttp10: false,
    ...options,
  };
}

export function h1ClientOptions(
  options: CodecServices & Partial<H1ClientOptions>,
): H1ClientOptions {
  return {
    limits: DEFAULT_HEADER_LIMITS,
    trailers: false,
    bufferBytesMax: 256 * 1024,
    informationalMax: 20,
    ...options,
  };
}
