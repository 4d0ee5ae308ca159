import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { addressText } from '../net/address.ts';
import { parseListener } from '../net/listener-config.ts';
import { type ListeningSocket, type ListenTicket, SocketFactory } from '../net/listening-socket.ts';
import type { ListenerMessage, ListenerTickets } from './messages.ts';

/** With the port that was bound, where port 0 was asked for. */
export interface BoundAddress {
  readonly address: string;
  readonly port: number;
}

interface Bound {
  readonly sockets: readonly ListeningSocket[];
  /** The addresses as configured, to see whether an update moves the listener. */
  readonly wanted: string;
  /** Workers that listen already. */
  readonly workers: Set<number>;
}

/** The main thread's listening sockets, by listener; each worker gets descriptors of its own. */
export class ListenSockets {
  readonly #factory = new SocketFactory();
  readonly #bound = new Map<string, Bound>();

  get singleWorkerReason(): string {
    return this.#factory.singleWorkerReason;
  }

  addresses(): ReadonlyMap<string, readonly BoundAddress[]> {
    return new Map(
      [...this.#bound].map(([name, { sockets }]) => [
        name,
        sockets.map(({ address }) => ({ address: address.host, port: address.port })),
      ]),
    );
  }

  /** Binds what the listeners need and is not bound yet; returns the names that it bound. */
  bind(listeners: readonly ListenerMessage[]): Result<readonly string[]> {
    const names: string[] = [];
    for (const listener of listeners) {
      const bound = this.#bindOne(listener);
      if (!bound.ok) {
        this.unbind(names);
        return bound;
      }
      if (bound.value) names.push(listener.name);
    }
    return ok(names);
  }

  /** Takes back what `bind` did. */
  unbind(names: readonly string[]): void {
    this.release(names);
  }

  /** The listeners are gone; the ports are free when the workers have closed theirs too. */
  release(names: readonly string[]): void {
    for (const name of names) {
      for (const socket of this.#bound.get(name)?.sockets ?? []) socket.close();
      this.#bound.delete(name);
    }
  }

  /** Descriptors for a worker, of those listeners that it does not listen on yet. */
  tickets(worker: number, names: ReadonlySet<string>): readonly ListenerTickets[] {
    const tickets: ListenerTickets[] = [];
    for (const name of names) {
      const bound = this.#bound.get(name);
      if (bound === undefined || bound.workers.has(worker)) continue;
      bound.workers.add(worker);
      const own: ListenTicket[] = [];
      for (const socket of bound.sockets) {
        const ticket = socket.dup();
        if (ticket.ok) own.push(ticket.value);
      }
      tickets.push({ name, tickets: own });
    }
    return tickets;
  }

  /** The worker died; its successor needs descriptors again. */
  forgetWorker(worker: number): void {
    for (const { workers } of this.#bound.values()) workers.delete(worker);
  }

  close(): void {
    this.release([...this.#bound.keys()]);
  }

  #bindOne(listener: ListenerMessage): Result<boolean> {
    const config = parseListener(listener.json).value;
    if (config === null || !config.bindToPort) return ok(false);
    const wanted = config.addresses.map(addressText).join(',');
    const known = this.#bound.get(listener.name);
    if (known !== undefined) {
      return known.wanted === wanted ? ok(false) : fail(moved(listener.name, known.wanted, wanted));
    }
    const sockets: ListeningSocket[] = [];
    for (const address of config.addresses) {
      const socket = this.#factory.listen(address, {
        backlog: config.backlog,
        resource: `Listener ${listener.name}`,
      });
      if (!socket.ok) {
        for (const open of sockets) open.close();
        return socket;
      }
      sockets.push(socket.value);
    }
    this.#bound.set(listener.name, { sockets, wanted, workers: new Set() });
    return ok(true);
  }
}

function moved(name: string, from: string, to: string): Problem {
  return {
    level: 'error',
    code: 'LAT0702',
    message: `the address of a listener cannot change from ${from} to ${to}`,
    origin: { resource: `Listener ${name}`, path: 'address' },
    fix: 'give the listener with the new address another name',
  };
}
