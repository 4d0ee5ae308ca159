import {
  SELECTION_CLUSTER_NAME,
  SELECTION_CLUSTER_NAME_LENGTH,
  SELECTION_IDLE_TIMEOUT_MS,
  SELECTION_MAX_DURATION_MS,
  SELECTION_ROUTE,
  SELECTION_SIZE,
  SELECTION_TIMEOUT_MS,
  SELECTION_UNSET,
  SELECTION_VIRTUAL_HOST,
  SELECTION_WEIGHTED_CLUSTER,
} from '@lateen/sdk/abi/extensions';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { tableOf } from './configurations';
import { request } from './request';
import { Forward } from './route';
import { clientLimits } from './route-timeouts';
import { settingsOf } from './settings';
import { clearSelection, rootOf, setForward, setSelection, stateOf } from './stream-state';

/** The answer to `lateen_on_route`; the host reads it as soon as the call returns. */
const SELECTION: usize = memory.data(32, 8);
const clusterName = new Bytes();

/**
 * Selects a route and changes nothing. Returns the address of a RouteSelection, or 0 where there
 * is no route (also where a header should name the cluster and does not).
 */
export function selectRoute(stream: i32, config: i32): usize {
  const state = stateOf(stream);
  clearSelection(state);
  const table = tableOf(config);
  if (table === null) return 0;
  request.read();
  const hostIndex = table.findHost();
  if (hostIndex < 0) return 0;
  const route = unchecked(table.virtualHosts[hostIndex]).paths.find();
  if (route === null) return 0;
  memory.fill(SELECTION, 0, SELECTION_SIZE);
  store<i32>(SELECTION, hostIndex, SELECTION_VIRTUAL_HOST);
  store<i32>(SELECTION, route.index, SELECTION_ROUTE);
  store<i32>(SELECTION, -1, SELECTION_WEIGHTED_CLUSTER);
  store<u32>(SELECTION, <u32>SELECTION_UNSET, SELECTION_IDLE_TIMEOUT_MS);
  setSelection(state, config, hostIndex, route.index);
  const forward = route.forward;
  if (forward === null || selectCluster(state, forward)) return SELECTION;
  clearSelection(state);
  return 0;
}

function selectCluster(state: usize, forward: Forward): bool {
  const clusters = forward.clusters;
  const index = clusters.pick();
  if (clusters.byHeader(index)) {
    if (!clusters.nameFromHeader(index, clusterName)) return false;
    store<usize>(SELECTION, clusterName.pointer, SELECTION_CLUSTER_NAME);
    store<i32>(SELECTION, clusterName.size, SELECTION_CLUSTER_NAME_LENGTH);
  }
  const timeout = forward.timeouts.total(settingsOf(rootOf(state)).respectExpectedTimeout);
  store<i32>(SELECTION, index, SELECTION_WEIGHTED_CLUSTER);
  store<u32>(SELECTION, timeout, SELECTION_TIMEOUT_MS);
  store<u32>(SELECTION, forward.timeouts.idle, SELECTION_IDLE_TIMEOUT_MS);
  store<u32>(SELECTION, forward.timeouts.duration(), SELECTION_MAX_DURATION_MS);
  setForward(state, index, timeout, clientLimits);
  return true;
}
