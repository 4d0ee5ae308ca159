import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { epoch } from '@lateen/sdk/assembly/arena';
import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { HeaderValues } from '@lateen/sdk/assembly/host/header-values';
import { readJoinedHeader } from '@lateen/sdk/assembly/host/joined-header';

const COLON = 0x3a;
const COMMA: u8 = 0x2c;

/** One request header with all its values, read once per callback however many rules ask. */
export class RequestHeader {
  readonly name: Bytes;
  /** All values joined by commas: what Envoy's matchers look at. */
  readonly joined: Bytes = new Bytes();
  readonly isAuthority: bool;
  private readonly walk: HeaderValues = new HeaderValues();
  private readonly pseudo: bool;
  private found: bool = false;
  private readAt: u32 = 0;
  private openedAt: u32 = 0;

  constructor(name: string) {
    this.name = Bytes.of(name);
    this.pseudo = name.charCodeAt(0) === COLON;
    this.isAuthority = name === ':authority';
  }

  /** Whether the header is there; then `joined` holds its values. */
  read(): bool {
    if (this.readAt !== epoch) {
      this.readAt = epoch;
      this.found = readJoinedHeader(REQUEST_HEADERS, this.name, this.joined);
    }
    return this.found;
  }

  /** A walk over the values one by one; null where there is one only, and that is no list. */
  values(): HeaderValues | null {
    if (this.pseudo || this.joined.indexOf(COMMA) < 0) return null;
    if (this.openedAt !== epoch) {
      this.openedAt = epoch;
      this.walk.open(REQUEST_HEADERS, this.name);
    } else {
      this.walk.rewind();
    }
    return this.walk;
  }
}

/** The headers that one configuration asks for: rules about the same one share it. */
export class RequestHeaders {
  private readonly names: Array<string> = [] as string[];
  private readonly headers: Array<RequestHeader> = [] as RequestHeader[];

  named(name: string): RequestHeader {
    const lower = lowerText(name);
    const key = lower === 'host' ? ':authority' : lower;
    const known = this.names.indexOf(key);
    if (known >= 0) return this.headers[known];
    const header = new RequestHeader(key);
    this.names.push(key);
    this.headers.push(header);
    return header;
  }
}
