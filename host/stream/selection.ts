import * as ext from '@lateen/sdk/abi/extensions';
import type { Vm } from '../wasm/vm.ts';
import type { AttemptWish } from './exchange.ts';
import type { RouteTable, SelectedRoute } from './route-table.ts';

/** Copies a RouteSelection out of the router's memory; null where it names nothing that exists. */
export function readSelection(vm: Vm, address: number, table: RouteTable): SelectedRoute | null {
  const virtualHost = table.virtualHosts[vm.i32(address + ext.SELECTION_VIRTUAL_HOST)];
  const route = virtualHost?.routes[vm.i32(address + ext.SELECTION_ROUTE)];
  if (virtualHost === undefined || route === undefined) return null;
  const idle = vm.u32(address + ext.SELECTION_IDLE_TIMEOUT_MS);
  return {
    virtualHost,
    route,
    clusterName: readClusterName(vm, address, route.clusters),
    timeoutMs: vm.u32(address + ext.SELECTION_TIMEOUT_MS),
    idleTimeoutMs: idle === ext.SELECTION_UNSET ? null : idle,
    maxDurationMs: vm.u32(address + ext.SELECTION_MAX_DURATION_MS),
  };
}

function readClusterName(vm: Vm, address: number, clusters: readonly string[]): string {
  const name = vm.u32(address + ext.SELECTION_CLUSTER_NAME);
  if (name !== 0) return vm.latin1(name, vm.u32(address + ext.SELECTION_CLUSTER_NAME_LENGTH));
  const weighted = vm.i32(address + ext.SELECTION_WEIGHTED_CLUSTER);
  return clusters[Math.max(weighted, 0)] ?? '';
}

/** Copies an AttemptWish out of the module's memory. */
export function readAttemptWish(vm: Vm, address: number): AttemptWish {
  return {
    flags: vm.u32(address + ext.WISH_FLAGS),
    delayMs: vm.u32(address + ext.WISH_DELAY_MS),
    perTryTimeoutMs: vm.u32(address + ext.WISH_PER_TRY_TIMEOUT_MS),
    perTryIdleTimeoutMs: vm.u32(address + ext.WISH_PER_TRY_IDLE_TIMEOUT_MS),
    hostAttempts: vm.u32(address + ext.WISH_HOST_ATTEMPTS),
  };
}
