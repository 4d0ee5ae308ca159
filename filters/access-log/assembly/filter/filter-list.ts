import { LogFilter } from './log-filter';

/** `and_filter` and `or_filter`. */
export class FilterList extends LogFilter {
  private readonly filters: Array<LogFilter>;
  private readonly all: bool;

  constructor(filters: Array<LogFilter>, all: bool) {
    super();
    this.filters = filters;
    this.all = all;
  }

  passes(): bool {
    for (let i = 0; i < this.filters.length; i++) {
      if (unchecked(this.filters[i]).passes() !== this.all) return !this.all;
    }
    return this.all;
  }
}
