import type { JsonObject } from '@lateen/sdk/base/json';
import { FILE_ACCESS_LOG } from '@lateen/sdk/xds/type-urls';
import type { MeshSettings } from '../mesh/settings.ts';
import { typed } from './json.ts';

/** Istio's own format: Envoy's, with what explains a failure behind the status. */
const ISTIO_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% ' +
  '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% ' +
  '%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% ' +
  '%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n';

const ISTIO_JSON_FORMAT: JsonObject = {
  start_time: '%START_TIME%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  duration: '%DURATION%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
  user_agent: '%REQ(USER-AGENT)%',
  request_id: '%REQ(X-REQUEST-ID)%',
  authority: '%REQ(:AUTHORITY)%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  route_name: '%ROUTE_NAME%',
};

/** The connection manager's access logs; none where MeshConfig names no file. */
export function accessLogs(settings: MeshSettings): readonly JsonObject[] {
  const { accessLogFile: path, accessLogFormat: format, accessLogEncoding } = settings;
  if (path === '') return [];
  const logFormat: JsonObject =
    accessLogEncoding === 'JSON'
      ? { jsonFormat: jsonFormat(format) }
      : { textFormatSource: { inlineString: format === '' ? ISTIO_FORMAT : withNewline(format) } };
  return [
    { name: 'envoy.access_loggers.file', typedConfig: typed(FILE_ACCESS_LOG, { path, logFormat }) },
  ];
}

/** A format that is no JSON object would be refused by every proxy, so the default takes its place. */
function jsonFormat(format: string): JsonObject {
  if (format === '') return ISTIO_JSON_FORMAT;
  try {
    const parsed: unknown = JSON.parse(format);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as JsonObject)
      : ISTIO_JSON_FORMAT;
  } catch {
    return ISTIO_JSON_FORMAT;
  }
}

function withNewline(format: string): string {
  return format.endsWith('\n') ? format : `${format}\n`;
}
