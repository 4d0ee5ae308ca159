import { Property } from '@lateen/sdk/assembly/host/property';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { Rule } from './rule';

const MTLS = Property.of('connection.mtls');
const URI_SAN = Property.of('connection.uri_san_peer_certificate');

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
    if (!MTLS.flag()) return false;
    const name = this.name;
    if (name === null) return true;
    // A certificate without URI names has others, which the host does not tell.
    return URI_SAN.read() ? name.matches(URI_SAN.value) : wide;
  }
}
