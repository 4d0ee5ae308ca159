import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { epoch } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { Property, readProperty } from '@lateen/sdk/assembly/host/property';

const QUESTION_MARK: u8 = 0x3f;
const HASH: u8 = 0x23;
const PATH = Bytes.of(':path');

/** A text that many rules look at, read once per request. */
export class TextSlot {
  readonly value: Bytes = new Bytes();
  private readonly path: Bytes;
  private found: bool = false;
  private readAt: u32 = 0;

  /** Of a property. */
  constructor(path: string) {
    this.path = Property.of(path).path;
  }

  read(): bool {
    if (this.readAt !== epoch) {
      this.readAt = epoch;
      this.found = this.readNow(this.value);
    }
    return this.found;
  }

  protected readNow(value: Bytes): bool {
    return readProperty(this.path, value);
  }
}

/** The path without its query. */
class UrlPathSlot extends TextSlot {
  protected readNow(value: Bytes): bool {
    if (!readHeader(REQUEST_HEADERS, PATH, value)) return false;
    for (let i = 0; i < value.size; i++) {
      const byte = value.byte(i);
      if (byte === QUESTION_MARK || byte === HASH) value.size = i;
    }
    return true;
  }
}

/** The server name of a connection without TLS is the empty one (Envoy). */
class ServerNameSlot extends TextSlot {
  protected readNow(value: Bytes): bool {
    readProperty(SERVER_NAME, value);
    return true;
  }
}

const SERVER_NAME = Property.of('connection.requested_server_name').path;

export const urlPath: TextSlot = new UrlPathSlot('');
export const serverName: TextSlot = new ServerNameSlot('');
export const principalName = new TextSlot('connection.uri_san_peer_certificate');
