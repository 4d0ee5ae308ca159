import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { epoch } from '@lateen/sdk/assembly/arena';
import { lowerText } from '@lateen/sdk/assembly/bytes/ascii';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Field } from '@lateen/sdk/assembly/host/fields';
import { HeaderValues } from '@lateen/sdk/assembly/host/header-values';
import { HeaderSets } from '@lateen/sdk/assembly/match/header-sets';

const COLON = 0x3a;
const COMMA: u8 = 0x2c;

/** One request header with all its values, read once per callback however many rules ask. */
export class RequestHeader {
  /** All values joined by commas: what Envoy's matchers look at. */
  readonly joined: Bytes;
  private readonly field: Field;
  readonly isAuthority: bool;
  private readonly walk: HeaderValues = new HeaderValues();
  private readonly pseudo: bool;
  private openedAt: u32 = 0;

  constructor(field: Field, name: string) {
    this.field = field;
    this.joined = field.value;
    this.pseudo = name.charCodeAt(0) === COLON;
    this.isAuthority = name === ':authority';
  }

  /** Whether the header is there; then `joined` holds its values. */
  read(): bool {
    return this.field.read();
  }

  /** A walk over the values one by one; null where there is one only, and that is no list. */
  values(): HeaderValues | null {
    if (this.pseudo || this.joined.indexOf(COMMA) < 0) return null;
    if (this.openedAt !== epoch) {
      this.openedAt = epoch;
      this.walk.open(REQUEST_HEADERS, this.field.name);
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
  private readonly sets: HeaderSets = new HeaderSets(REQUEST_HEADERS);

  named(name: string): RequestHeader {
    const lower = lowerText(name);
    const key = lower === 'host' ? ':authority' : lower;
    const known = this.names.indexOf(key);
    if (known >= 0) return this.headers[known];
    const header = new RequestHeader(this.sets.joined(key), key);
    this.names.push(key);
    this.headers.push(header);
    return header;
  }
}
