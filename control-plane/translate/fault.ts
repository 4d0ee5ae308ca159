import type { JsonObject } from '@lateen/sdk/base/json';
import { HTTP_FAULT } from '@lateen/sdk/xds/type-urls';
import type { HttpFault } from '../api/virtual-service.ts';
import { compact, seconds, typed } from './json.ts';

/** gRPC's status names in the order of their numbers. */
const GRPC_STATUSES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

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
              grpcStatus: grpcStatus(abort.grpcStatus),
              percentage: fraction(abort.percentage?.value),
            }),
    }),
  );
}

/** A percentage with fractions, as parts of a million. Unset is 0: no request is hurt unasked. */
function fraction(percentage: number | undefined): JsonObject {
  return { numerator: Math.round((percentage ?? 0) * 10_000), denominator: 'MILLION' };
}

function grpcStatus(name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  const number = GRPC_STATUSES.indexOf(name);
  return number < 0 ? GRPC_STATUSES.indexOf('UNKNOWN') : number;
}
