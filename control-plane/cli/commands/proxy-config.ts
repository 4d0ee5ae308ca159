import type { JsonObject } from '@lateen/sdk/base/json';
import type { ProxyConfigView } from '../../admin/backend.ts';
import { type ConnectionOptions, connect } from '../client.ts';
import { EXIT_USAGE, type Format, type Io } from '../io.ts';
import { cannot, giveUp, sayProblems } from '../say.ts';
import { formatTable } from '../table.ts';
import {
  clusterRows,
  endpointRows,
  extensionRows,
  listenerRows,
  type Rows,
  routeRows,
} from './proxy-config-rows.ts';

export interface ProxyConfigOptions extends ConnectionOptions {
  readonly what: string;
  readonly proxy: string;
  readonly output: Format;
}

interface Part {
  readonly type: string;
  readonly names: readonly string[];
  readonly rows: (resources: Readonly<Record<string, JsonObject>>) => Rows;
}

const PARTS: readonly Part[] = [
  { type: 'CDS', names: ['cluster', 'clusters', 'c', 'cds'], rows: clusterRows },
  { type: 'EDS', names: ['endpoint', 'endpoints', 'ep', 'eds'], rows: endpointRows },
  { type: 'LDS', names: ['listener', 'listeners', 'l', 'lds'], rows: listenerRows },
  { type: 'RDS', names: ['route', 'routes', 'r', 'rds'], rows: routeRows },
  { type: 'ECDS', names: ['extension', 'extensions', 'ecds'], rows: extensionRows },
];

/** What the control plane sent to one proxy last. */
export async function proxyConfig(options: ProxyConfigOptions, io: Io): Promise<number> {
  const parts =
    options.what === 'all' ? PARTS : PARTS.filter(({ names }) => names.includes(options.what));
  if (parts.length === 0) {
    const known = 'cluster, listener, route, endpoint, extension, all';
    sayProblems([cannot(`${options.what} is no part of a configuration`, `use ${known}`)], io);
    return EXIT_USAGE;
  }
  const client = await connect(io.environment, options);
  if (!client.ok) return giveUp(client.error, io);
  const reply = await client.value.get(`/v1/proxies/${encodeURIComponent(options.proxy)}/config`);
  if (!reply.ok) return giveUp(reply.error, io);
  const { status, json } = reply.value;
  if (status !== 200) {
    return giveUp(cannot(String(json['error']), 'lateen proxy-status lists the proxies'), io);
  }
  const config = json as unknown as ProxyConfigView;
  await print(parts, config, options.output, io);
  return 0;
}

async function print(
  parts: readonly Part[],
  config: ProxyConfigView,
  format: Format,
  io: Io,
): Promise<void> {
  const chosen = Object.fromEntries(parts.map(({ type }) => [type, config[type] ?? {}]));
  if (format === 'json') return io.out(JSON.stringify(chosen));
  if (format === 'yaml') {
    const { stringify } = await import('yaml');
    return io.out(stringify(chosen).trimEnd());
  }
  const tables = parts.map(({ type, rows }) => {
    const { head, body } = rows(config[type] ?? {});
    return body.length === 0 ? `no ${head[0]?.toLowerCase()}` : formatTable(head, body);
  });
  io.out(tables.join('\n\n'));
}
