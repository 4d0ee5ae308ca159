import * as status from '@lateen/sdk/abi/status';
import type { Guest } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';

/**
 * Families that this host does not serve yet: gRPC calls, DNS. Modules link them
 * whether they use them or not (the Rust SDK imports every host call), so they are there and
 * fail. The status is the one by which each SDK's wrapper returns an error to its author; Rust's
 * enumeration has no UNIMPLEMENTED, and a value outside it is undefined behaviour there.
 */
export function unavailableFunctions(guest: Guest): HostFunctions {
  const answer = (name: string, result: number) => () =>
    guest.admit(name) ? result : status.INTERNAL_FAILURE;
  return {
    proxy_grpc_call: answer('proxy_grpc_call', status.INTERNAL_FAILURE),
    proxy_grpc_stream: answer('proxy_grpc_stream', status.INTERNAL_FAILURE),
    proxy_grpc_send: answer('proxy_grpc_send', status.NOT_FOUND),
    proxy_grpc_cancel: answer('proxy_grpc_cancel', status.NOT_FOUND),
    proxy_grpc_close: answer('proxy_grpc_close', status.NOT_FOUND),
    envoy_resolve_dns: answer('envoy_resolve_dns', status.INTERNAL_FAILURE),
  };
}
