import { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM } from '../../abi/buffers';
import { OK } from '../../abi/status';
import { utf8, utf8Size } from '../bytes/text';
import {
  proxy_define_metric,
  proxy_get_metric,
  proxy_increment_metric,
  proxy_record_metric,
} from '../env';
import { OUT } from './out';

/** The metric's id, or 0 where the host refuses it. */
export function defineMetric(type: i32, name: string): i32 {
  const text = utf8(name);
  store<u64>(OUT, 0);
  return proxy_define_metric(type, text, utf8Size, OUT) === OK ? load<i32>(OUT) : 0;
}

/** A metric name with tags (key and value by turns) in Istio's encoding. */
export function taggedName(name: string, tags: Array<string>): string {
  let text = '';
  for (let i = 0; i + 1 < tags.length; i += 2) text += tags[i] + '=.=' + tags[i + 1] + ';.;';
  return text + name;
}

/** Defined with the host when first used, so it may be made at the top level of a module. */
class Metric {
  readonly name: string;
  readonly type: i32;
  private known: i32 = -1;

  constructor(type: i32, name: string) {
    this.type = type;
    this.name = name;
  }

  protected get id(): i32 {
    if (this.known < 0) this.known = defineMetric(this.type, this.name);
    return this.known;
  }

  protected readValue(): i64 {
    return proxy_get_metric(this.id, OUT) === OK ? load<i64>(OUT) : 0;
  }
}

/** A number that only grows. */
export class Counter extends Metric {
  constructor(name: string, tags: Array<string> = []) {
    super(METRIC_COUNTER, taggedName(name, tags));
  }

  increment(by: i64 = 1): void {
    proxy_increment_metric(this.id, by);
  }

  get value(): i64 {
    return this.readValue();
  }
}

/** A number that goes up and down. */
export class Gauge extends Metric {
  constructor(name: string, tags: Array<string> = []) {
    super(METRIC_GAUGE, taggedName(name, tags));
  }

  set(value: i64): void {
    proxy_record_metric(this.id, value);
  }

  /** By a negative number too. */
  add(by: i64): void {
    proxy_increment_metric(this.id, by);
  }

  get value(): i64 {
    return this.readValue();
  }
}

/** How values are spread. */
export class Histogram extends Metric {
  constructor(name: string, tags: Array<string> = []) {
    super(METRIC_HISTOGRAM, taggedName(name, tags));
  }

  record(value: i64): void {
    proxy_record_metric(this.id, value);
  }
}
