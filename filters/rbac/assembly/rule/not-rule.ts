import { Rule } from './rule';

/** The opposite of a rule: it matches without doubt where the rule does not, however one reads. */
export class NotRule extends Rule {
  private readonly rule: Rule;

  constructor(rule: Rule) {
    super();
    this.rule = rule;
  }

  matches(broadly: bool): bool {
    return !this.rule.matches(!broadly);
  }
}
