import type { JsonObject } from '@lateen/sdk/base/json';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import type { AdminSource, ListenerStatus } from './admin-source.ts';
import { configDumpPage } from './dump-page.ts';
import { loggingPage } from './logging-page.ts';
import { jsonPage, OK_PAGE, type Page, textPage } from './page.ts';
import { prometheusPage, statsPage } from './stats-pages.ts';
import { wasmPage } from './wasm-page.ts';

/** One path of the admin. */
export interface Endpoint {
  readonly path: string;
  readonly help: string;
  /** Changes something: only by POST. */
  readonly mutates: boolean;
  answer(query: URLSearchParams): Page | Promise<Page>;
}

type Answer = Endpoint['answer'];

/** Envoy's paths, as far as there is something behind them. */
export function listEndpoints(source: AdminSource, registry: XdsRegistry): readonly Endpoint[] {
  const shows = (path: string, help: string, answer: Answer): Endpoint => {
    return { path, help, mutates: false, answer };
  };
  const does = (path: string, help: string, act: (query: URLSearchParams) => void): Endpoint => {
    const answer: Answer = (query) => {
      act(query);
      return OK_PAGE;
    };
    return { path, help, mutates: true, answer };
  };
  const endpoints: Endpoint[] = [
    shows('/certs', 'certificates in use', () => jsonPage({ certificates: [] })),
    shows('/clusters', 'upstream clusters and their hosts (?format=json)', async (query) => {
      const { text, json } = await source.clusters();
      return query.get('format') === 'json' ? jsonPage(json) : textPage(text);
    }),
    shows(
      '/config_dump',
      'the configuration in force (?include_eds&resource=&name_regex=&mask=)',
      (q) => configDumpPage(source, registry, q),
    ),
    does('/drain_listeners', 'drain listeners (?inboundonly&graceful&skip_exit)', (query) =>
      source.drainListeners({
        inboundOnly: query.has('inboundonly'),
        graceful: query.has('graceful'),
        skipExit: query.has('skip_exit'),
      }),
    ),
    does('/healthcheck/fail', 'make health checks fail', () => source.setHealthy(false)),
    does('/healthcheck/ok', 'make health checks pass again', () => source.setHealthy(true)),
    shows('/hot_restart_version', 'hot restart compatibility', () => textPage('disabled\n')),
    shows('/init_dump', 'what is still awaited', () => jsonPage({ ...source.initDump() })),
    shows('/listeners', 'listeners and their addresses (?format=json)', (query) =>
      listenersPage(source.listeners(), query),
    ),
    {
      path: '/logging',
      help: 'show or change logging levels',
      mutates: true,
      answer: (query) => loggingPage(source, query),
    },
    shows('/memory', 'memory use', memoryPage),
    does('/quitquitquit', 'exit', () => source.quit()),
    shows('/ready', 'LIVE and 200 when ready, else 503', () => readyPage(source)),
    does('/reopen_logs', 'open log files again', () => source.reopenLogs()),
    shows('/runtime', 'runtime values', () => jsonPage({ layers: [], entries: {} })),
    shows('/server_info', 'version, state and command line', () =>
      jsonPage(serverInfo(source, registry)),
    ),
    shows('/stats', 'statistics (?usedonly&filter=&format=json|prometheus&type=)', (query) =>
      statsPage(source, query),
    ),
    shows('/stats/prometheus', 'statistics for Prometheus (?usedonly&filter=)', (query) =>
      prometheusPage(source, query),
    ),
    shows(
      '/wasm',
      'Wasm plugins: module, state, memory, last fault (?format=json)',
      async (query) => wasmPage(await source.plugins(), query),
    ),
  ];
  const help = shows('/help', 'this list', () => helpPage(endpoints));
  const home = shows('/', 'this list', () => helpPage(endpoints));
  return [home, help, ...endpoints];
}

function helpPage(endpoints: readonly Endpoint[]): Page {
  const lines = endpoints.map(({ path, help, mutates }) => {
    return `  ${path}${mutates ? ' (POST)' : ''}: ${help}`;
  });
  return textPage(`admin commands are:\n${lines.join('\n')}\n`);
}

function readyPage(source: AdminSource): Page {
  const state = source.state();
  return textPage(`${state}\n`, state === 'LIVE' ? 200 : 503);
}

function listenersPage(listeners: readonly ListenerStatus[], query: URLSearchParams): Page {
  if (query.get('format') === 'json') {
    return jsonPage({ listener_statuses: listeners.map(listenerStatus) });
  }
  const lines = listeners.flatMap(({ name, addresses }) =>
    addresses.map(({ address, port }) => {
      const host = address.includes(':') ? `[${address}]` : address;
      return `${name}::${host}:${port}\n`;
    }),
  );
  return textPage(lines.join(''));
}

function listenerStatus({ name, addresses }: ListenerStatus): JsonObject {
  const [first, ...others] = addresses.map(({ address, port }) => {
    return { socket_address: { address, port_value: port } };
  });
  const additional = others.length === 0 ? {} : { additional_local_addresses: others };
  return { name, ...(first === undefined ? {} : { local_address: first }), ...additional };
}

function memoryPage(): Page {
  const { heapUsed, heapTotal, rss, external } = process.memoryUsage();
  return jsonPage({
    allocated: String(heapUsed),
    heap_size: String(heapTotal),
    pageheap_unmapped: '0',
    pageheap_free: String(heapTotal - heapUsed),
    total_thread_cache: String(external),
    total_physical_bytes: String(rss),
  });
}

function serverInfo(source: AdminSource, registry: XdsRegistry): JsonObject {
  const uptime = `${Math.floor((Date.now() - source.startedAt) / 1000)}s`;
  const node = { '@type': 'type.googleapis.com/envoy.config.core.v3.Node', ...source.node };
  const { '@type': _type, ...named } = registry.withProtoNames(node);
  return {
    version: `lateen/${source.version}`,
    state: source.state(),
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: 'disabled',
    command_line_options: source.commandLine,
    node: named,
  };
}
