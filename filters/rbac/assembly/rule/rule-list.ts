import { Rule } from './rule';

/** All of the rules, or one of them. */
export class RuleList extends Rule {
  private readonly rules: Array<Rule>;
  private readonly all: bool;

  constructor(rules: Array<Rule>, all: bool) {
    super();
    this.rules = rules;
    this.all = all;
  }

  matches(broadly: bool): bool {
    for (let i = 0; i < this.rules.length; i++) {
      if (unchecked(this.rules[i]).matches(broadly) !== this.all) return !this.all;
    }
    return this.all;
  }
}
