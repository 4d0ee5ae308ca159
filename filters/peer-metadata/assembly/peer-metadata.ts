import { REQUEST_HEADERS, RESPONSE_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { proxy_set_property } from '@lateen/sdk/assembly/env';
import { Field, FieldSet } from '@lateen/sdk/assembly/host/fields';
import { removeHeader, setHeader } from '@lateen/sdk/assembly/host/headers';
import { PeerConfig } from './config';
import { peerOf } from './peer-cache';
import { setAsked, wasAsked } from './stream-state';

const METADATA_NAME = 'x-envoy-peer-metadata';
const ID_NAME = 'x-envoy-peer-metadata-id';
const METADATA = Bytes.of(METADATA_NAME);
const ID = Bytes.of(ID_NAME);
const DOWNSTREAM_PEER = Bytes.of('downstream_peer');
const UPSTREAM_PEER = Bytes.of('upstream_peer');

/** Learns who the client is, keeps that from the application, and tells the upstream who we are. */
export function exchangeOnRequest(stream: i32, config: PeerConfig): void {
  if (config.fromDownstream && learn(REQUEST_HEADERS, ofRequest, DOWNSTREAM_PEER)) setAsked(stream);
  if (!config.toUpstream) return;
  setHeader(REQUEST_HEADERS, ID, config.id);
  setHeader(REQUEST_HEADERS, METADATA, config.metadata);
}

/** Learns who the upstream is, and tells a client that told us who it is. */
export function exchangeOnResponse(stream: i32, config: PeerConfig): void {
  if (config.fromUpstream) learn(RESPONSE_HEADERS, ofResponse, UPSTREAM_PEER);
  if (!config.toDownstream || !wasAsked(stream)) return;
  setHeader(RESPONSE_HEADERS, ID, config.id);
  setHeader(RESPONSE_HEADERS, METADATA, config.metadata);
}

/** True where a peer told of itself; its headers are taken off. */
function learn(map: i32, from: PeerHeaders, property: Bytes): bool {
  const told = from.metadata.read();
  if (told) {
    const peer = peerOf(from.metadata.value);
    if (peer.size > 0) {
      proxy_set_property(property.pointer, property.size, peer.pointer, peer.size);
    }
    removeHeader(map, METADATA);
  }
  const named = from.id.read();
  if (named) removeHeader(map, ID);
  return told || named;
}

/** The two headers, of requests or of responses. */
class PeerHeaders {
  readonly metadata: Field;
  readonly id: Field;

  constructor(map: i32) {
    const fields = new FieldSet();
    this.metadata = fields.header(map, METADATA_NAME);
    this.id = fields.header(map, ID_NAME);
  }
}

const ofRequest = new PeerHeaders(REQUEST_HEADERS);
const ofResponse = new PeerHeaders(RESPONSE_HEADERS);
