import * as status from '@lateen/sdk/abi/status';
import type { ConnectionInfo } from '../http/codec.ts';
import type { PropertySink } from '../wasm/effects.ts';
import type { PropertyFamily, ReadValue } from './properties.ts';
import { trustedAddress } from './trusted-address.ts';

/** Properties of the downstream connection and of the upstream. */
export const CONNECTION_PROPERTIES: PropertyFamily = {
  values: {
    'source.address': connection((c, sink) => sink.text(c.remoteAddress)),
    'source.trusted_address': ({ stream }, sink) => sink.text(trustedAddress(stream)),
    'source.port': connection((c, sink) => port(c.remoteAddress, sink)),
    'destination.address': connection((c, sink) => sink.text(c.localAddress)),
    'destination.port': connection((c, sink) => port(c.localAddress, sink)),
    'connection.id': connection((c, sink) => sink.int64(c.id)),
    connection_id: connection((c, sink) => sink.int64(c.id)),
    'connection.mtls': connection((c, sink) => sink.boolean(c.mtls)),
    'connection.requested_server_name': connection((c, sink) => known(c.requestedServerName, sink)),
    'connection.tls_version': connection((c, sink) => known(c.tlsVersion, sink)),
    'connection.uri_san_peer_certificate': connection((c, sink) =>
      known(c.uriSanPeerCertificate, sink),
    ),
    'connection.uri_san_local_certificate': connection((c, sink) =>
      known(c.uriSanLocalCertificate, sink),
    ),
    'connection.termination_details': ({ stream }, sink) =>
      known(stream.info.terminationDetails, sink),
    'upstream.address': ({ stream }, sink) => known(stream.info.host?.address ?? '', sink),
    'upstream.port': ({ stream }, sink) => {
      const address = stream.info.host?.address;
      return address === undefined ? status.NOT_FOUND : port(address, sink);
    },
    'upstream.num_endpoints': ({ stream }, sink) => {
      const count = stream.info.cluster?.endpointCount;
      return count === undefined ? status.NOT_FOUND : sink.int64(count);
    },
    'upstream.tls_version': ({ stream }, sink) =>
      known(stream.info.upstreamConnection?.tlsVersion ?? '', sink),
    'upstream.local_address': ({ stream }, sink) =>
      known(stream.info.upstreamConnection?.localAddress ?? '', sink),
    'upstream.transport_failure_reason': ({ stream }, sink) =>
      known(stream.info.upstreamFailureReason, sink),
    'upstream.request_attempt_count': ({ stream }, sink) => sink.int64(stream.info.attempts),
    'upstream.locality': ({ stream }, sink) => known(stream.info.host?.locality ?? '', sink),
    'upstream.hostname': ({ stream }, sink) => known(stream.info.host?.hostname ?? '', sink),
  },
  below: {},
};

function connection(read: (info: ConnectionInfo, sink: PropertySink) => number): ReadValue {
  return ({ stream }, sink) => read(stream.info.connection, sink);
}

function known(value: string, sink: PropertySink): number {
  return value === '' ? status.NOT_FOUND : sink.text(value);
}

function port(hostPort: string, sink: PropertySink): number {
  const digits = hostPort.slice(hostPort.lastIndexOf(':') + 1);
  return /^\d+$/.test(digits) ? sink.int64(Number(digits)) : status.NOT_FOUND;
}
