import { Property } from '@lateen/sdk/assembly/host/property';
import { StringMatcher } from '@lateen/sdk/assembly/match/string-matcher';
import { Rule } from './rule';
import { principalName } from './text-slot';

const MTLS = Property.of('connection.mtls');

/** A client that has proved who it is, by a certificate. */
export class PrincipalRule extends Rule {
  /** Null: whoever it is. */
  private readonly name: StringMatcher | null;

  constructor(name: StringMatcher | null) {
    super();
    this.name = name;
  }

  matches(broadly: bool): bool {
    if (!MTLS.flag()) return false;
    const name = this.name;
    return name === null || (principalName.read() && name.matches(principalName.value));
  }
}
