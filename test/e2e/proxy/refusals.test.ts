import { expect, test } from 'vitest';
import { freePort } from '../../kit/free-port.ts';
import { accepts, runProxy } from './proxy-process.ts';

interface Refusal {
  readonly name: string;
  /** Lines that take the place of the marked line. */
  readonly at: 'cluster' | 'chain' | 'filters' | 'filter' | 'route' | 'manager' | 'top';
  readonly yaml: string;
  /** What stderr has to say. */
  readonly says: RegExp;
}

const TYPES = 'type.googleapis.com/envoy.extensions';

const REFUSALS: readonly Refusal[] = [
  {
    name: 'TLS towards the upstream',
    at: 'cluster',
    yaml: `
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": ${TYPES}.transport_sockets.tls.v3.UpstreamTlsContext
    sni: example.com`,
    says: /transport_socket/,
  },
  {
    name: 'TLS from the client',
    at: 'chain',
    yaml: `
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": ${TYPES}.transport_sockets.tls.v3.DownstreamTlsContext
    common_tls_context: {}`,
    says: /transport_socket/,
  },
  {
    name: 'HTTP/3 towards the upstream',
    at: 'cluster',
    yaml: `
typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    "@type": ${TYPES}.upstreams.http.v3.HttpProtocolOptions
    explicit_http_config: {http3_protocol_options: {}}`,
    says: /HTTP\/3/,
  },
  {
    name: 'a Lua filter',
    at: 'filter',
    yaml: `
- name: envoy.filters.http.lua
  typed_config:
    "@type": ${TYPES}.filters.http.lua.v3.Lua
    default_source_code: {inline_string: "function envoy_on_request(handle) end"}`,
    says: /lua/i,
  },
  {
    name: 'external authorization',
    at: 'filter',
    yaml: `
- name: envoy.filters.http.ext_authz
  typed_config:
    "@type": ${TYPES}.filters.http.ext_authz.v3.ExtAuthz
    grpc_service: {envoy_grpc: {cluster_name: origin}}`,
    says: /ext_authz/,
  },
  {
    name: 'a TCP proxy',
    at: 'filters',
    yaml: `
- name: envoy.filters.network.tcp_proxy
  typed_config:
    "@type": ${TYPES}.filters.network.tcp_proxy.v3.TcpProxy
    stat_prefix: tcp
    cluster: origin`,
    says: /tcp_proxy/i,
  },
  {
    name: 'a field that does not exist',
    at: 'route',
    yaml: 'timeoutt: 3s',
    says: /:\d+:\d+ .*timeoutt.*(\n.*)*did you mean.*timeout/is,
  },
  {
    name: 'a value of the wrong type',
    at: 'route',
    yaml: 'timeout: soon',
    says: /:\d+:\d+ error LAT\d+ .*"soon"\n.*timeout: soon/,
  },
  {
    name: 'a field at the top that does not exist',
    at: 'top',
    yaml: 'static_resource: {}',
    says: /:\d+:\d+ .*static_resource\b/,
  },
  {
    name: 'a regular expression that is none',
    at: 'route',
    yaml: 'regex_rewrite: {pattern: {regex: "("}, substitution: x}',
    says: /regex/,
  },
  {
    name: 'two places for the routes',
    at: 'manager',
    yaml: 'rds: {route_config_name: r, config_source: {path_config_source: {path: /nowhere}}}',
    says: /:\d+:\d+ .*only one of .*route_config/,
  },
];

function configWith({ at, yaml }: Pick<Refusal, 'at' | 'yaml'>, port: number): string {
  const template = `static_resources:
  listeners:
  - name: main
    address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}
    filter_chains:
    - filters:
      #filters
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": ${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: main
          #manager
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route:
                  cluster: origin
                  #route
          http_filters:
          #filter
          - name: envoy.filters.http.router
            typed_config:
              "@type": ${TYPES}.filters.http.router.v3.Router
      #chain
  clusters:
  - name: origin
    type: STATIC
    connect_timeout: 1s
    load_assignment:
      cluster_name: origin
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 9}}}
    #cluster
#top
`;
  const marked = new RegExp(`^( *)#${at}$`, 'm');
  const lines = yaml.trimStart().split('\n');
  return template.replace(marked, (_, indent: string) =>
    lines.map((line) => indent + line).join('\n'),
  );
}

test.for(REFUSALS)('refuses $name, and says where', async (refusal) => {
  const port = await freePort();
  const config = configWith(refusal, port);
  const { code, stderr } = await runProxy({ config });
  expect(stderr).toMatch(refusal.says);
  expect(stderr).toMatch(/proxy\.yaml:\d+:\d+ .*error LAT\d{4} /);
  expect(code).toBe(1);
  expect(await accepts(port)).toBe(false);
});

test('without the additions the same file is accepted', async () => {
  const config = configWith({ at: 'top', yaml: '' }, await freePort());
  const { code, stdout, stderr } = await runProxy({ config, args: ['--mode', 'validate'] });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/OK/);
});

test('validation finds what a start would, and opens no port', async () => {
  const port = await freePort();
  const config = configWith(REFUSALS.find((refusal) => refusal.name === 'a Lua filter')!, port);
  const { code, stderr } = await runProxy({ config, args: ['--mode', 'validate'] });
  expect(stderr).toMatch(/lua/i);
  expect(code).toBe(1);
});
