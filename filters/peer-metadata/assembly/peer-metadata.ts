import { REQUEST_HEADERS, RESPONSE_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { proxy_set_property } from '@lateen/sdk/assembly/env';
import { hasHeader, readHeader, removeHeader, setHeader } from '@lateen/sdk/assembly/host/headers';
import { PeerConfig } from './config';
import { peerOf } from './peer-cache';
import { setAsked, wasAsked } from './stream-state';

const METADATA = Bytes.of('x-envoy-peer-metadata');
const ID = Bytes.of('x-envoy-peer-metadata-id');
const DOWNSTREAM_PEER = Bytes.of('downstream_peer');
const UPSTREAM_PEER = Bytes.of('upstream_peer');
const value = new Bytes();

/** Learns who the client is, keeps that from the application, and tells the upstream who we are. */
export function exchangeOnRequest(stream: i32, config: PeerConfig): void {
  if (config.fromDownstream && learn(REQUEST_HEADERS, DOWNSTREAM_PEER)) setAsked(stream);
  if (!config.toUpstream) return;
  setHeader(REQUEST_HEADERS, ID, config.id);
  setHeader(REQUEST_HEADERS, METADATA, config.metadata);
}

/** Learns who the upstream is, and tells a client that told us who it is. */
export function exchangeOnResponse(stream: i32, config: PeerConfig): void {
  if (config.fromUpstream) learn(RESPONSE_HEADERS, UPSTREAM_PEER);
  if (!config.toDownstream || !wasAsked(stream)) return;
  setHeader(RESPONSE_HEADERS, ID, config.id);
  setHeader(RESPONSE_HEADERS, METADATA, config.metadata);
}

/** True where a peer told of itself; its headers are taken off. */
function learn(map: i32, property: Bytes): bool {
  const told = readHeader(map, METADATA, value);
  if (told) {
    const peer = peerOf(value);
    if (peer.size > 0) {
      proxy_set_property(property.pointer, property.size, peer.pointer, peer.size);
    }
    removeHeader(map, METADATA);
  }
  const named = hasHeader(map, ID);
  if (named) removeHeader(map, ID);
  return told || named;
}
