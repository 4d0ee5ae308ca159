import type { JsonObject } from '@lateen/sdk/base/json';
import { typeUrl } from '@lateen/sdk/xds/type-urls';
import type { HttpRetries } from '../api/virtual-service.ts';
import { compact, seconds, typed, unlessEmpty } from './json.ts';

const DEFAULT_RETRY_ON =
  'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';
const DEFAULT_ATTEMPTS = 2;
const HOST_ATTEMPTS = '5';
const PREVIOUS_HOSTS: JsonObject = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typedConfig: typed(
    typeUrl('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
  ),
};

/**
 * envoy.config.route.v3.RetryPolicy for what the user wrote, Istio's default where nothing is
 * written, undefined where `attempts: 0` says never. `consistentHash` keeps a request on its host.
 */
export function retryPolicy(
  retries: HttpRetries | undefined,
  consistentHash: boolean,
): JsonObject | undefined {
  if (retries?.attempts === 0) return undefined;
  const on = conditions(retries?.retryOn ?? '');
  const elsewhere = retries?.retryIgnorePreviousHosts ?? !consistentHash;
  const { perTryTimeout, backoff } = retries ?? {};
  return compact({
    retryOn: on.names,
    numRetries: retries?.attempts ?? DEFAULT_ATTEMPTS,
    perTryTimeout: perTryTimeout === undefined ? undefined : seconds(perTryTimeout),
    retryHostPredicate: elsewhere ? [PREVIOUS_HOSTS] : undefined,
    hostSelectionRetryMaxAttempts: HOST_ATTEMPTS,
    retriableStatusCodes: unlessEmpty(on.statuses),
    retryBackOff: backoff === undefined ? undefined : { baseInterval: seconds(backoff) },
  });
}

/** For the last hop to the application: a request that was surely not sent may be sent again. */
export const INBOUND_RETRY_POLICY: JsonObject = {
  retryOn: 'reset-before-request',
  numRetries: DEFAULT_ATTEMPTS,
};

/** Numbers among the conditions are status codes to retry. */
function conditions(retryOn: string): { names: string; statuses: readonly number[] } {
  const items = retryOn
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) return { names: DEFAULT_RETRY_ON, statuses: [] };
  const statuses = items.filter((item) => /^\d{3}$/.test(item)).map(Number);
  const names = items.filter((item) => !/^\d{3}$/.test(item));
  if (statuses.length > 0 && !names.includes('retriable-status-codes')) {
    names.push('retriable-status-codes');
  }
  return { names: names.join(','), statuses };
}
