import type { JsonObject } from '@lateen/sdk/base/json';
import { HTTP_FAULT } from '@lateen/sdk/xds/type-urls';
import { GRPC_STATUSES, type HttpFault } from '../api/virtual-service.ts';
import { compact, seconds, typed } from './json.ts';

/** envoy.extensions.filters.http.fault.v3.HTTPFault for one route. */
export function faultConfig(fault: HttpFault): JsonObject {
  const { delay, abort } = fault;
  return typed(
    HTTP_FAULT,
    compact({
      delay:
        delay?.fixedDelay === undefined
          ? undefined
          : {
              fixedDelay: seconds(delay.fixedDelay),
              percentage: fraction(delay.percentage?.value ?? delay.percent),
            },
      abort:
        abort === undefined
          ? undefined
          : compact({
              httpStatus: abort.httpStatus,
              grpcStatus:
                abort.grpcStatus === undefined
                  ? undefined
                  : GRPC_STATUSES.indexOf(abort.grpcStatus),
              percentage: fraction(abort.percentage?.value),
            }),
    }),
  );
}

/** A percentage with fractions, as parts of a million. Unset is 0: no request is hurt unasked. */
function fraction(percentage: number | undefined): JsonObject {
  return { numerator: Math.round((percentage ?? 0) * 10_000), denominator: 'MILLION' };
}
