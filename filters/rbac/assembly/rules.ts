import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Policy } from './policy';

/** `envoy.config.rbac.v3.RBAC`: an action, and the policies under which it is taken. */
export class Rules {
  /** Whether requests that match are turned away. */
  private readonly denies: bool;
  /** Whether requests that match nothing are turned away. */
  private readonly admitsOnlyMatches: bool;
  /** By name, as Envoy asks them. */
  private readonly policies: Array<Policy> = [] as Policy[];
  /** The policy that matched last; null: none did. */
  matched: Policy | null = null;

  constructor(reader: JsonReader) {
    const action = reader.text('action', 'ALLOW');
    this.denies = action === 'DENY';
    this.admitsOnlyMatches = action === 'ALLOW';
    if (action !== 'DENY' && action !== 'ALLOW' && action !== 'LOG') {
      reader.complain('action', 'is not supported: ' + action);
    }
    const policies = reader.child('policies');
    const names = policies.names.slice(0).sort();
    for (let i = 0; i < names.length; i++) {
      this.policies.push(new Policy(names[i], policies.child(names[i])));
    }
    reader.refuseUnread();
  }

  /**
   * Whether the request may pass. Where a request can be read in more than one way (headers that
   * are repeated), a rule that denies takes the way that matches, one that allows the way that
   * does not.
   */
  admit(): bool {
    this.matched = this.findMatch(!this.admitsOnlyMatches);
    return this.matched === null ? !this.admitsOnlyMatches : !this.denies;
  }

  private findMatch(broadly: bool): Policy | null {
    for (let i = 0; i < this.policies.length; i++) {
      const policy = unchecked(this.policies[i]);
      if (policy.matches(broadly)) return policy;
    }
    return null;
  }
}
