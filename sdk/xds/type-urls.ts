/** Type URLs of the messages that more than one room names. */

export const TYPE_PREFIX = 'type.googleapis.com/';

export const CLUSTER = typeUrl('envoy.config.cluster.v3.Cluster');
export const LOAD_ASSIGNMENT = typeUrl('envoy.config.endpoint.v3.ClusterLoadAssignment');
export const LISTENER = typeUrl('envoy.config.listener.v3.Listener');
export const ROUTE_CONFIGURATION = typeUrl('envoy.config.route.v3.RouteConfiguration');
export const SCOPED_ROUTE_CONFIGURATION = typeUrl('envoy.config.route.v3.ScopedRouteConfiguration');
export const VIRTUAL_HOST = typeUrl('envoy.config.route.v3.VirtualHost');
export const SECRET = typeUrl('envoy.extensions.transport_sockets.tls.v3.Secret');
export const EXTENSION_CONFIG = typeUrl('envoy.config.core.v3.TypedExtensionConfig');
export const RUNTIME = typeUrl('envoy.service.runtime.v3.Runtime');
export const BOOTSTRAP = typeUrl('envoy.config.bootstrap.v3.Bootstrap');

export const HTTP_CONNECTION_MANAGER = typeUrl(
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
);
export const TCP_PROXY = typeUrl('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy');
export const ROUTER = typeUrl('envoy.extensions.filters.http.router.v3.Router');
export const RBAC = typeUrl('envoy.extensions.filters.http.rbac.v3.RBAC');
export const RBAC_PER_ROUTE = typeUrl('envoy.extensions.filters.http.rbac.v3.RBACPerRoute');
export const HTTP_FAULT = typeUrl('envoy.extensions.filters.http.fault.v3.HTTPFault');
export const CORS = typeUrl('envoy.extensions.filters.http.cors.v3.Cors');
export const WASM = typeUrl('envoy.extensions.filters.http.wasm.v3.Wasm');
export const PEER_METADATA = typeUrl('io.istio.http.peer_metadata.Config');
export const STATS_PLUGIN = typeUrl('stats.PluginConfig');
export const RETRY_POLICY = typeUrl('envoy.config.route.v3.RetryPolicy');
export const ACCESS_LOG = typeUrl('envoy.config.accesslog.v3.AccessLog');
export const FILE_ACCESS_LOG = typeUrl('envoy.extensions.access_loggers.file.v3.FileAccessLog');
export const STDOUT_ACCESS_LOG = typeUrl(
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
);
export const STDERR_ACCESS_LOG = typeUrl(
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog',
);
export const HTTP_PROTOCOL_OPTIONS = typeUrl(
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
);
export const DOWNSTREAM_TLS = typeUrl(
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext',
);
export const UPSTREAM_TLS = typeUrl('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext');
export const RAW_BUFFER = typeUrl('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer');
export const STRUCT = typeUrl('google.protobuf.Struct');
export const STRING_VALUE = typeUrl('google.protobuf.StringValue');
export const BYTES_VALUE = typeUrl('google.protobuf.BytesValue');
export const TYPED_STRUCT = typeUrl('xds.type.v3.TypedStruct');
export const UDPA_TYPED_STRUCT = typeUrl('udpa.type.v1.TypedStruct');

/** `type.googleapis.com/<full message name>`. */
export function typeUrl(typeName: string): string {
  return TYPE_PREFIX + typeName;
}

/** The full message name: what follows the last slash. */
export function typeName(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
