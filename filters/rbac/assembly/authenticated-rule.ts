import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { Rule } from './rule';
import { StreamProperty } from './stream-property';

const MTLS = new StreamProperty('connection.mtls');
const URI_SAN = new StreamProperty('connection.uri_san_peer_certificate');

/** `authenticated`: a peer that proved who it is by a certificate, and its name in there. */
export class AuthenticatedRule extends Rule {
  /** Null: any name. */
  private readonly name: StringMatcher | null;

  private constructor(name: StringMatcher | null) {
    super();
    this.name = name;
  }

  static read(reader: JsonReader): Rule {
    let name: StringMatcher | null = null;
    if (reader.has('principalName')) name = StringMatcher.read(reader.child('principalName'));
    reader.refuseUnread();
    return new AuthenticatedRule(name);
  }

  matches(wide: bool): bool {
    if (!MTLS.read() || MTLS.value.size !== 1 || MTLS.value.byte(0) === 0) return false;
    const name = this.name;
    if (name === null) return true;
    // A certificate without URI names has others, which the host does not tell.
    return URI_SAN.read() ? name.matches(URI_SAN.value) : wide;
  }
}
