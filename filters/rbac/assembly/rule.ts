/**
 * A condition on a request: a permission or a principal of a policy, compiled.
 *
 * A request can often be read in more than one way (a repeated header, `/admin;x`), and sometimes
 * not at all (no address). `wide` says to which side to err: true matches where any reading does,
 * false only where all do. Policies that deny are asked widely and policies that allow narrowly,
 * and a negation turns it round, so doubt never opens a door.
 */
export abstract class Rule {
  /** About how much work it is to ask; what is cheap is asked first. */
  readonly cost: i32;

  constructor(cost: i32 = 1) {
    this.cost = cost;
  }

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
    super(rule.cost);
    this.rule = rule;
  }

  matches(wide: bool): bool {
    return !this.rule.matches(!wide);
  }
}

/** `and_rules`, `and_ids`. */
export class Every extends Rule {
  private readonly rules: StaticArray<Rule>;

  private constructor(rules: Array<Rule>) {
    super(costOf(rules));
    this.rules = cheapestFirst(rules);
  }

  static of(rules: Array<Rule>): Rule {
    const telling: Rule[] = [];
    for (let i = 0; i < rules.length; i++) {
      if (!(rules[i] instanceof Anything)) telling.push(rules[i]);
    }
    if (telling.length === 0) return new Anything();
    return telling.length === 1 ? telling[0] : new Every(telling);
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

  private constructor(rules: Array<Rule>) {
    super(costOf(rules));
    this.rules = cheapestFirst(rules);
  }

  static of(rules: Array<Rule>): Rule {
    return rules.length === 1 ? rules[0] : new Some(rules);
  }

  matches(wide: bool): bool {
    const rules = this.rules;
    for (let i = 0; i < rules.length; i++) {
      if (unchecked(rules[i]).matches(wide)) return true;
    }
    return false;
  }
}

function costOf(rules: Array<Rule>): i32 {
  let cost = 0;
  for (let i = 0; i < rules.length; i++) cost += rules[i].cost;
  return cost;
}

/** Rules change nothing, so their order does not matter to the answer. */
function cheapestFirst(rules: Array<Rule>): StaticArray<Rule> {
  const sorted = StaticArray.fromArray(rules);
  for (let i = 1; i < sorted.length; i++) {
    const rule = sorted[i];
    let place = i;
    while (place > 0 && sorted[place - 1].cost > rule.cost) {
      sorted[place] = sorted[place - 1];
      place--;
    }
    sorted[place] = rule;
  }
  return sorted;
}
