import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { acceptMessage, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
import { FaultConfig } from './fault-config';

/** The filter's own configuration, by root context; an empty one does nothing. */
const roots = new IdMap<FaultConfig | null>();
/** Configurations of routes, virtual hosts and route configurations, by the host's id. */
const scoped = new IdMap<FaultConfig | null>();

export function acceptRoot(root: i32): bool {
  const config = readFault();
  if (config === null) return false;
  roots.set(root, config);
  return true;
}

export function acceptFault(id: i32): bool {
  const config = readFault();
  if (config === null) return false;
  scoped.set(id, config);
  return true;
}

export function forgetRoot(root: i32): void {
  roots.remove(root);
}

export function forgetFault(id: i32): void {
  scoped.remove(id);
}

/** The most specific configuration: the route's where there is one, else the filter's. */
export function faultFor(root: i32, routeConfig: i32): FaultConfig | null {
  const own = scoped.get(routeConfig, null);
  if (own !== null) return own;
  return roots.get(root, null);
}

function readFault(): FaultConfig | null {
  const reader = readConfigurationJson();
  if (reader === null) return null;
  const config = new FaultConfig(reader);
  return acceptMessage(reader) ? config : null;
}
