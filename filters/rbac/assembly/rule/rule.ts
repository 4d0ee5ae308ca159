/** A permission or a principal. This one is `any`. */
export class Rule {
  /**
   * `broadly`: true where any way to read the request matches, else only where the request
   * matches without doubt. What is not true broadly is true for nobody's reading.
   */
  matches(broadly: bool): bool {
    return true;
  }
}
