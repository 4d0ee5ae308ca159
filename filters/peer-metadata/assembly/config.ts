import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { acceptMessage, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { ownId, ownMetadata } from './node';

/** `io.istio.http.peer_metadata.Config` of one place in a chain, with what we tell of ourselves. */
export class PeerConfig {
  /** Read and take off the headers of the client. */
  readonly fromDownstream: bool;
  /** Read and take off the headers of the upstream. */
  readonly fromUpstream: bool;
  /** Answer a client that told who it is. */
  readonly toDownstream: bool;
  readonly toUpstream: bool;
  readonly id: Bytes;
  readonly metadata: Bytes;

  constructor(reader: JsonReader) {
    this.fromDownstream = usesHeaders(reader, 'downstreamDiscovery');
    this.fromUpstream = usesHeaders(reader, 'upstreamDiscovery');
    this.toDownstream = usesHeaders(reader, 'downstreamPropagation');
    this.toUpstream = usesHeaders(reader, 'upstreamPropagation');
    this.id = ownId();
    this.metadata = ownMetadata();
    reader.ignore(['sharedWithUpstream']);
    reader.warn(['additionalLabels']);
    reader.refuseUnread();
  }
}

const configs = new IdMap<PeerConfig | null>();

export function configOf(root: i32): PeerConfig | null {
  return configs.get(root, null);
}

export function acceptConfig(root: i32): bool {
  const reader = readConfigurationJson();
  if (reader === null) return false;
  const config = new PeerConfig(reader);
  if (!acceptMessage(reader)) return false;
  configs.set(root, config);
  return true;
}

export function forgetConfig(root: i32): void {
  configs.remove(root);
}

/** Whether Istio's headers are among the methods; baggage and discovery by address are not ours. */
function usesHeaders(reader: JsonReader, name: string): bool {
  const methods = reader.children(name);
  let found = false;
  for (let i = 0; i < methods.length; i++) {
    if (methods[i].has('istioHeaders')) found = true;
  }
  return found;
}
