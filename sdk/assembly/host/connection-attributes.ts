import { propertyFlag, propertyInteger, propertyText } from './property-value';

/** `connection.id`. */
export function connectionId(): i64 {
  return propertyInteger('connection\0id');
}

/** Whether the client has shown a certificate that holds. */
export function connectionMtls(): bool {
  return propertyFlag('connection\0mtls');
}

/** SNI. */
export function connectionRequestedServerName(): string | null {
  return propertyText('connection\0requested_server_name');
}

/** `connection.tls_version`. */
export function connectionTlsVersion(): string | null {
  return propertyText('connection\0tls_version');
}

/** `connection.subject_local_certificate`. */
export function connectionSubjectLocalCertificate(): string | null {
  return propertyText('connection\0subject_local_certificate');
}

/** `connection.subject_peer_certificate`. */
export function connectionSubjectPeerCertificate(): string | null {
  return propertyText('connection\0subject_peer_certificate');
}

/** `connection.dns_san_local_certificate`. */
export function connectionDnsSanLocalCertificate(): string | null {
  return propertyText('connection\0dns_san_local_certificate');
}

/** `connection.dns_san_peer_certificate`. */
export function connectionDnsSanPeerCertificate(): string | null {
  return propertyText('connection\0dns_san_peer_certificate');
}

/** `connection.uri_san_local_certificate`. */
export function connectionUriSanLocalCertificate(): string | null {
  return propertyText('connection\0uri_san_local_certificate');
}

/** The client's SPIFFE id, in a mesh. */
export function connectionUriSanPeerCertificate(): string | null {
  return propertyText('connection\0uri_san_peer_certificate');
}

/** `connection.sha256_peer_certificate_digest`. */
export function connectionSha256PeerCertificateDigest(): string | null {
  return propertyText('connection\0sha256_peer_certificate_digest');
}

/** `connection.termination_details`. */
export function connectionTerminationDetails(): string | null {
  return propertyText('connection\0termination_details');
}
