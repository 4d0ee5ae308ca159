import { propertyInteger, propertyText } from './property-value';

/** Address and port of the chosen host. */
export function upstreamAddress(): string | null {
  return propertyText('upstream\0address');
}

/** `upstream.port`. */
export function upstreamPort(): i64 {
  return propertyInteger('upstream\0port');
}

/** `upstream.local_address`. */
export function upstreamLocalAddress(): string | null {
  return propertyText('upstream\0local_address');
}

/** `upstream.num_endpoints`. */
export function upstreamNumEndpoints(): i64 {
  return propertyInteger('upstream\0num_endpoints');
}

/** `upstream.tls_version`. */
export function upstreamTlsVersion(): string | null {
  return propertyText('upstream\0tls_version');
}

/** `upstream.subject_local_certificate`. */
export function upstreamSubjectLocalCertificate(): string | null {
  return propertyText('upstream\0subject_local_certificate');
}

/** `upstream.subject_peer_certificate`. */
export function upstreamSubjectPeerCertificate(): string | null {
  return propertyText('upstream\0subject_peer_certificate');
}

/** `upstream.dns_san_local_certificate`. */
export function upstreamDnsSanLocalCertificate(): string | null {
  return propertyText('upstream\0dns_san_local_certificate');
}

/** `upstream.dns_san_peer_certificate`. */
export function upstreamDnsSanPeerCertificate(): string | null {
  return propertyText('upstream\0dns_san_peer_certificate');
}

/** `upstream.uri_san_local_certificate`. */
export function upstreamUriSanLocalCertificate(): string | null {
  return propertyText('upstream\0uri_san_local_certificate');
}

/** `upstream.uri_san_peer_certificate`. */
export function upstreamUriSanPeerCertificate(): string | null {
  return propertyText('upstream\0uri_san_peer_certificate');
}

/** `upstream.sha256_peer_certificate_digest`. */
export function upstreamSha256PeerCertificateDigest(): string | null {
  return propertyText('upstream\0sha256_peer_certificate_digest');
}

/** `upstream.transport_failure_reason`. */
export function upstreamTransportFailureReason(): string | null {
  return propertyText('upstream\0transport_failure_reason');
}

/** `upstream.request_attempt_count`. */
export function upstreamRequestAttemptCount(): i64 {
  return propertyInteger('upstream\0request_attempt_count');
}

/** Nanoseconds until a connection was there. */
export function upstreamCxPoolReadyDuration(): i64 {
  return propertyInteger('upstream\0cx_pool_ready_duration');
}

/** `upstream.locality`. */
export function upstreamLocality(): string | null {
  return propertyText('upstream\0locality');
}
