import { pairDifferences } from '../commands/filter/differences.ts';
import { type Exchange, MARK, type Pairs } from './relay.ts';

/** What every proxy sets, and what belongs to one connection. */
const OF_THE_PROXY =
  /^(x-forwarded-.*|x-envoy-.*|x-request-id|x-b3-.*|traceparent|connection|keep-alive|transfer-encoding|content-length|server|date|via)$/;

/** `#7 GET /some 200 in 1.4 ms (service after 0.9 ms)`, then what the filter did. */
export function exchangeLine(exchange: Exchange): string {
  const { id, method, path, status, ms, arrived } = exchange;
  const after = arrived === null ? '' : ` (service after ${arrived.afterMs.toFixed(1)} ms)`;
  const did = whatTheFilterDid(exchange);
  const tail = did.length === 0 ? 'changed nothing' : did.join('; ');
  return `#${id} ${method} ${path} ${status} in ${ms.toFixed(1)} ms${after}: ${tail}`;
}

function whatTheFilterDid(exchange: Exchange): readonly string[] {
  const { arrived } = exchange;
  if (arrived === null) return [`replied ${exchange.status} itself`];
  const sent: Pairs = [[':path', exchange.path], ...exchange.sent];
  const request = pairDifferences(own(sent), own(arrived.headers));
  const response = pairDifferences(own(arrived.answered), own(exchange.received));
  const lines = [
    ...request.map((line) => `request ${line}`),
    ...response.map((line) => `response ${line}`),
  ];
  const size = exchange.body.length;
  if (!arrived.body.equals(exchange.body)) {
    lines.push(`request body, ${size} to ${arrived.body.length} bytes`);
  }
  return lines;
}

function own(pairs: Pairs): Pairs {
  return pairs.filter(([name]) => name !== MARK && !OF_THE_PROXY.test(name));
}
