import { getSystemErrorMap } from 'node:util';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { addressText, type SocketAddress } from './address.ts';
import { formatAddress, parseIp } from './ip.ts';
import { type Libc, openLibc } from './libc.ts';

/**
 * What a worker listens on: a descriptor of its own of the main thread's socket, or, where
 * descriptors cannot be shared, the address. Can be posted between threads.
 */
export type ListenTicket =
  | { readonly kind: 'descriptor'; readonly fd: number; readonly address: string }
  | {
      readonly kind: 'address';
      readonly host: string;
      readonly port: number;
      readonly backlog: number;
      readonly ipv6Only: boolean;
      readonly address: string;
    };

export interface ListenOptions {
  readonly backlog: number;
  /** Listener's name, for problems. */
  readonly resource: string;
}

/**
 * Where the main thread makes listening sockets. It keeps the socket and gives each worker a
 * dup(2) of it, so that a worker may come and go without a queued connection being reset.
 */
export class SocketFactory {
  readonly #libc: Libc | string;

  constructor(libc: Libc | string = openLibc()) {
    this.#libc = libc;
  }

  /** Empty, or why there can be only one worker here. */
  get singleWorkerReason(): string {
    return typeof this.#libc === 'string' ? this.#libc : '';
  }

  /**
   * Binds and listens. A busy port and a refused one are problems that name the address. Without
   * libc nothing is bound yet: the one worker that opens the ticket does it, and reports.
   */
  listen(address: SocketAddress, options: ListenOptions): Result<ListeningSocket> {
    const ip = parseIp(address.host);
    if (ip === null) return fail(bindProblem(address, options.resource, 'EADDRNOTAVAIL'));
    const libc = this.#libc;
    if (typeof libc === 'string') return ok(new ListeningSocket(address, options, null));
    const request = {
      ip,
      port: address.port,
      backlog: options.backlog,
      ipv4Compat: address.ipv4Compat,
    };
    const fd = libc.listenTcp(request);
    if (fd < 0) return fail(bindProblem(address, options.resource, errorName(fd)));
    const bound = { ...address, port: libc.localPort(fd) };
    return ok(new ListeningSocket(bound, options, { libc, fd }));
  }
}

/** One bound socket; lives until the listener is removed. */
export class ListeningSocket {
  /** With the port that was bound, where port 0 was asked for. */
  readonly address: SocketAddress;
  readonly #options: ListenOptions;
  #held: { readonly libc: Libc; readonly fd: number } | null;

  constructor(
    address: SocketAddress,
    options: ListenOptions,
    held: { readonly libc: Libc; readonly fd: number } | null,
  ) {
    this.address = address;
    this.#options = options;
    this.#held = held;
  }

  /** `10.0.0.1:80`. */
  get text(): string {
    return addressText(this.address);
  }

  /** A ticket for one worker, which then owns its descriptor; a problem where none is left. */
  dup(): Result<ListenTicket> {
    const { host, port } = this.address;
    const address = formatAddress(host, port);
    if (this.#held === null) {
      const ipv6Only = host.includes(':') && !this.address.ipv4Compat;
      return ok({ kind: 'address', host, port, backlog: this.#options.backlog, ipv6Only, address });
    }
    const fd = this.#held.libc.duplicate(this.#held.fd);
    if (fd >= 0) return ok({ kind: 'descriptor', fd, address });
    return fail(bindProblem(this.address, this.#options.resource, errorName(fd)));
  }

  /** Gives back a ticket that no worker opened. */
  discard(ticket: ListenTicket): void {
    if (ticket.kind === 'descriptor') this.#held?.libc.close(ticket.fd);
  }

  /** Closes the main thread's descriptor; the port is free when the workers have closed theirs. */
  close(): void {
    this.#held?.libc.close(this.#held.fd);
    this.#held = null;
  }
}

/** LAT0701: the address cannot be listened on; says why and what to do. */
export function bindProblem(address: SocketAddress, resource: string, code: string): Problem {
  const text = addressText(address);
  const why = BIND_REASONS[code] ?? { message: `cannot listen on ${text} (${code})` };
  return {
    level: 'error',
    code: 'LAT0701',
    message: why.message.replace('{}', text),
    origin: { resource, path: 'address' },
    ...(why.fix === undefined ? {} : { fix: why.fix }),
  };
}

const BIND_REASONS: Readonly<Record<string, { readonly message: string; readonly fix?: string }>> =
  {
    EADDRINUSE: {
      message: '{} is in use by another program (EADDRINUSE)',
      fix: 'stop that program, or give the listener another port',
    },
    EACCES: {
      message: 'no permission to listen on {} (EACCES)',
      fix: 'take a port above 1023, or give the process CAP_NET_BIND_SERVICE',
    },
    EADDRNOTAVAIL: {
      message: '{} is not an address of this machine (EADDRNOTAVAIL)',
      fix: 'listen on 0.0.0.0, or on an address that the machine has',
    },
    EMFILE: { message: 'no file descriptor left to listen on {} (EMFILE)', fix: 'raise ulimit -n' },
  };

function errorName(errno: number): string {
  return getSystemErrorMap().get(errno)?.[0] ?? `errno ${-errno}`;
}
