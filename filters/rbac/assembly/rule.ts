/**
 * A condition on a request: a permission or a principal of a policy, compiled.
 *
 * A request can often be read in more than one way (a repeated header, `/admin;x`), and sometimes
 * not at all (no address). `wide` says to which side to err: true matches where any reading does,
 * false only where all do. Policies that deny are asked widely and policies that allow narrowly,
 * and a negation turns it round, so doubt never opens a door.
 */
export abstract class Rule {
  abstract matches(wide: bool): bool;
}

/** `any`. */
export class Anything extends Rule {
  matches(_wide: bool): bool {
    return true;
  }
}

/** `not_rule`, `not_id`. */
export class Not extends Rule {
  private readonly rule: Rule;

  constructor(rule: Rule) {
    super();
    this.rule = rule;
  }

  matches(wide: bool): bool {
    return !this.rule.matches(!wide);
  }
}

/** `and_rules`, `and_ids`. */
export class Every extends Rule {
  private readonly rules: StaticArray<Rule>;

  private constructor(rules: StaticArray<Rule>) {
    super();
    this.rules = rules;
  }

  static of(rules: Array<Rule>): Rule {
    const telling: Rule[] = [];
    for (let i = 0; i < rules.length; i++) {
      if (!(rules[i] instanceof Anything)) telling.push(rules[i]);
    }
    if (telling.length === 0) return new Anything();
    return telling.length === 1 ? telling[0] : new Every(StaticArray.fromArray(telling));
  }

  matches(wide: bool): bool {
    const rules = this.rules;
    for (let i = 0; i < rules.length; i++) {
      if (!unchecked(rules[i]).matches(wide)) return false;
    }
    return true;
  }
}

/** `or_rules`, `or_ids`, and the lists of a policy. */
export class Some extends Rule {
  private readonly rules: StaticArray<Rule>;

  private constructor(rules: StaticArray<Rule>) {
    super();
    this.rules = rules;
  }

  static of(rules: Array<Rule>): Rule {
    return rules.length === 1 ? rules[0] : new Some(StaticArray.fromArray(rules));
  }

  matches(wide: bool): bool {
    const rules = this.rules;
    for (let i = 0; i < rules.length; i++) {
      if (unchecked(rules[i]).matches(wide)) return true;
    }
    return false;
  }
}
