import { createServer, type Server, type Socket } from 'node:net';
import { type Clock, systemClock } from '@lateen/sdk/base/clock';
import type { Log } from '@lateen/sdk/base/log';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { MetricSlots } from '../wasm/effects.ts';
import type { ConnectionBudget } from './connection-budget.ts';
import { type AcceptedInfo, type ConnectionIds, cleartextInfo } from './connection-info.ts';
import type { ConnectionFacts } from './filter-chain-match.ts';
import { inspect } from './inspect.ts';
import { type IpBytes, parseIp } from './ip.ts';
import type { FilterChainConfig, ListenerConfig } from './listener-config.ts';
import { defineListenerStats, type ListenerStats } from './listener-stats.ts';
import { bindProblem, type ListenTicket } from './listening-socket.ts';
import type { Sniffed, SniffFor } from './sniff.ts';
import { adoptSocket } from './socket-reader.ts';

/**
 * Takes over an accepted connection, with the chain that it keeps for life. The socket has an
 * error handler; the receiver ends or destroys it.
 */
export type OnConnection = (socket: Socket, chain: FilterChainConfig, info: AcceptedInfo) => void;

export interface ListenerOptions {
  readonly config: ListenerConfig;
  readonly ticket: ListenTicket;
  readonly slots: MetricSlots;
  readonly budget: ConnectionBudget;
  readonly ids: ConnectionIds;
  readonly log: Log;
  readonly onConnection: OnConnection;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** A worker's end of one listening socket. Chains are chosen from the config of the moment. */
export class Listener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #stats: ListenerStats;
  readonly #sockets = new Set<Socket>();
  #config: ListenerConfig;
  #address = '';
  #stopped = false;
  #whenEmpty: (() => void)[] = [];

  /** Starts to accept. The ticket's descriptor belongs to the listener from here on. */
  static open(options: ListenerOptions): Promise<Result<Listener>> {
    const listener = new Listener(options);
    return listener.#listen();
  }

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#stats = defineListenerStats(options.slots, options.config.statPrefix);
    // A client may end its half after the request and still wants the answer.
    this.#server = createServer({ noDelay: true, allowHalfOpen: true });
  }

  get config(): ListenerConfig {
    return this.#config;
  }

  /** As bound: `10.0.0.1:80`. */
  get address(): string {
    return this.#address;
  }

  get activeConnections(): number {
    return this.#sockets.size;
  }

  /** New connections are sorted by this configuration; open ones keep their chain. */
  update(config: ListenerConfig): void {
    this.#config = config;
  }

  /**
   * Accepts no more. Connections that wait in the kernel's queue stay there for whoever holds a
   * descriptor of the same socket; open ones go on.
   */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#server.close();
  }

  /** Resolves when the last open connection has ended; call `stop` first. */
  drained(): Promise<void> {
    if (this.#sockets.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }

  /** Accepts no more and cuts every open connection. */
  close(): void {
    this.stop();
    for (const socket of this.#sockets) socket.destroy();
  }

  #listen(): Promise<Result<Listener>> {
    const { ticket, config, log } = this.#options;
    return new Promise((resolve) => {
      this.#server.once('error', (error) => {
        const address = ticket.kind === 'address' ? ticket : config.addresses[0];
        const known = { host: address.host, port: address.port, ipv4Compat: false };
        resolve(fail(bindProblem(known, `Listener ${config.name}`, errorCode(error))));
      });
      this.#server.listen(listenArguments(ticket), () => {
        this.#server.removeAllListeners('error');
        // accept(2) failed, for want of descriptors as a rule; the server goes on by itself.
        this.#server.on('error', (error) => {
          log.write('warn', 'accept failed', { listener: config.name, code: errorCode(error) });
        });
        this.#server.on('connection', (socket) => {
          // Whoever looks at the first bytes puts them back, which only a Readable can.
          this.#accept(this.#config.sniffFor === null ? adoptSocket(socket) : socket);
        });
        this.#address = ticket.address;
        const bound = this.#server.address();
        if (ticket.kind === 'address' && typeof bound === 'object' && bound !== null) {
          this.#address = ticket.address.replace(/:\d+$/, `:${bound.port}`);
        }
        resolve(ok(this));
      });
    });
  }

  #accept(socket: Socket): void {
    const { slots, budget } = this.#options;
    socket.on('error', ignoreError);
    slots.increment(this.#stats.total, 1);
    if (!budget.take()) {
      slots.increment(this.#stats.overflow, 1);
      socket.destroy();
      return;
    }
    slots.increment(this.#stats.active, 1);
    this.#sockets.add(socket);
    socket.once('close', () => this.#closed(socket));
    const { sniffFor } = this.#config;
    if (sniffFor === null) this.#dispatch(socket, NOT_SNIFFED);
    else this.#inspect(socket, sniffFor);
  }

  /** Chooses the chain once the first bytes have shown what they can. */
  #inspect(socket: Socket, wanted: SniffFor): void {
    const { clock = systemClock, slots } = this.#options;
    const { listenerFiltersTimeoutMs: timeoutMs, continueOnListenerFiltersTimeout } = this.#config;
    const done = (sniffed: Sniffed | null): void => {
      if (sniffed === null) slots.increment(this.#stats.preTimeout, 1);
      if (sniffed === null && !continueOnListenerFiltersTimeout) {
        socket.destroy();
        return;
      }
      this.#dispatch(socket, sniffed ?? NOT_SNIFFED);
      socket.resume();
    };
    inspect(socket, { wanted, timeoutMs, clock, done });
  }

  #dispatch(socket: Socket, sniffed: Sniffed): void {
    const { slots, ids, onConnection } = this.#options;
    const chain = this.#chooseChain(socket, sniffed);
    if (chain === null) {
      slots.increment(this.#stats.noChain, 1);
      socket.destroy();
      return;
    }
    onConnection(socket, chain, cleartextInfo(ids.next(), socket));
  }

  #chooseChain(socket: Socket, sniffed: Sniffed): FilterChainConfig | null {
    const { chains, chainTable, defaultChain } = this.#config;
    if (chains.length === 0) return defaultChain;
    const index = chainTable.find(factsOf(socket, sniffed));
    return index === -1 ? defaultChain : chains[index];
  }

  #closed(socket: Socket): void {
    const { slots, budget } = this.#options;
    this.#sockets.delete(socket);
    budget.give();
    slots.increment(this.#stats.active, -1);
    slots.increment(this.#stats.destroyed, 1);
    if (this.#sockets.size > 0) return;
    const waiting = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of waiting) resolve();
  }
}

/** A socket's failure shows as its `close`; an `error` without a listener would end the process. */
function ignoreError(): void {}

function listenArguments(ticket: ListenTicket): object {
  if (ticket.kind === 'descriptor') return { fd: ticket.fd };
  const { host, port, backlog, ipv6Only } = ticket;
  return { host, port, backlog, ipv6Only };
}

function errorCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

const NO_IP: IpBytes = new Uint8Array(4);

const NOT_SNIFFED: Sniffed = { kind: 'unknown' };

function factsOf(socket: Socket, sniffed: Sniffed): ConnectionFacts {
  const source = parseIp(socket.remoteAddress ?? '') ?? NO_IP;
  return {
    destinationIp: parseIp(socket.localAddress ?? '') ?? NO_IP,
    destinationPort: socket.localPort ?? 0,
    serverName: sniffed.kind === 'tls' ? sniffed.serverName : '',
    transportProtocol: sniffed.kind === 'tls' ? 'tls' : 'raw_buffer',
    applicationProtocols: protocolsOf(sniffed),
    directSourceIp: source,
    sourceIp: source,
    sourcePort: socket.remotePort ?? 0,
  };
}

function protocolsOf(sniffed: Sniffed): readonly string[] {
  if (sniffed.kind === 'tls') return sniffed.applicationProtocols;
  return sniffed.kind === 'http' ? [sniffed.protocol] : [];
}
