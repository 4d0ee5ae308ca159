import { REQUEST_HEADERS, RESPONSE_HEADERS } from '@lateen/sdk/abi/maps';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { warn } from '@lateen/sdk/assembly/host/log';
import { acceptMessage, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
import { Json } from '@lateen/sdk/assembly/json/json';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { HeaderMatcher } from '@lateen/sdk/assembly/match/header-matcher';
import { HeaderSlots } from '@lateen/sdk/assembly/match/header-slot';
import { BackOff } from './back-off';
import { parseConditions, unknownCondition } from './conditions';

const PREVIOUS_HOSTS = '.PreviousHostsPredicate';
const HARMLESS = ['retryPriority', 'retryOptionsPredicates'];

/** `envoy.config.route.v3.RetryPolicy`, compiled. */
export class RetryPolicy {
  /** Bits of conditions.ts. */
  readonly conditions: u32;
  readonly retries: u32;
  readonly perTryMs: u32;
  readonly perTryIdleMs: u32;
  readonly avoidPrevious: bool;
  readonly hostAttempts: u32;
  readonly backOff: BackOff;
  private readonly statusCodes: Array<i32>;
  private readonly responseHeaders: StaticArray<HeaderMatcher>;
  private readonly requestHeaders: StaticArray<HeaderMatcher>;

  constructor(reader: JsonReader) {
    this.conditions = parseConditions(Bytes.of(reader.text('retryOn')));
    const unknown = unknownCondition;
    if (unknown !== null) warn('{}: {} is not known', reader.at('retryOn'), unknown);
    this.retries = <u32>reader.integer('numRetries', 1);
    this.perTryMs = <u32>reader.durationMs('perTryTimeout');
    this.perTryIdleMs = <u32>reader.durationMs('perTryIdleTimeout');
    this.avoidPrevious = readPredicates(reader);
    this.hostAttempts = <u32>reader.integer('hostSelectionRetryMaxAttempts', 1);
    this.backOff = new BackOff(reader);
    this.statusCodes = readCodes(reader);
    this.responseHeaders = HeaderMatcher.readAll(
      reader,
      'retriableHeaders',
      new HeaderSlots(RESPONSE_HEADERS),
    );
    this.requestHeaders = HeaderMatcher.readAll(
      reader,
      'retriableRequestHeaders',
      new HeaderSlots(REQUEST_HEADERS),
    );
    reader.warn(HARMLESS);
    reader.refuseUnread();
  }

  hasStatusCode(status: i32): bool {
    return this.statusCodes.includes(status);
  }

  /** Whether the request may be tried again at all. */
  wantsRequest(): bool {
    return this.requestHeaders.length === 0 || anyMatches(this.requestHeaders);
  }

  wantsResponseHeaders(): bool {
    return anyMatches(this.responseHeaders);
  }
}

const policies = new IdMap<RetryPolicy | null>();

export function policyOf(config: i32): RetryPolicy | null {
  return policies.get(config, null);
}

/** Takes the policy at hand under that id. */
export function acceptPolicy(config: i32): bool {
  const reader = readConfigurationJson();
  if (reader === null) return false;
  const policy = new RetryPolicy(reader);
  if (!acceptMessage(reader)) return false;
  policies.set(config, policy);
  return true;
}

export function forgetPolicy(config: i32): void {
  policies.remove(config);
}

/** True where hosts that were tried before are to be avoided. */
function readPredicates(reader: JsonReader): bool {
  const predicates = reader.children('retryHostPredicate');
  let avoid = false;
  for (let i = 0; i < predicates.length; i++) {
    const predicate = predicates[i];
    const name = predicate.text('name');
    const type = predicate.child('typedConfig').text('@type');
    if (type.endsWith(PREVIOUS_HOSTS) || name === 'envoy.retry_host_predicates.previous_hosts') {
      avoid = true;
    } else {
      warn('{}: {} has no effect', predicate.path, name);
    }
  }
  return avoid;
}

function readCodes(reader: JsonReader): Array<i32> {
  const codes: i32[] = [];
  const value: Json | null = reader.raw('retriableStatusCodes');
  if (value === null) return codes;
  for (let i = 0; i < value.items.length; i++) codes.push(<i32>value.items[i].integer);
  return codes;
}

function anyMatches(matchers: StaticArray<HeaderMatcher>): bool {
  for (let i = 0; i < matchers.length; i++) {
    if (unchecked(matchers[i]).matches()) return true;
  }
  return false;
}
