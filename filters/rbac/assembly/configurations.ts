import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { acceptMessage, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
import { RbacConfig } from './rbac-config';

const PER_ROUTE = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute';

/** The filter's own configuration, by root context. */
const roots = new IdMap<RbacConfig | null>();
/** Those of routes, virtual hosts and route configurations, by the host's id. */
const scoped = new IdMap<RbacConfig | null>();

export function acceptRoot(root: i32): bool {
  const config = readConfig();
  if (config === null) return false;
  roots.set(root, config);
  return true;
}

export function acceptScoped(id: i32): bool {
  const config = readConfig();
  if (config === null) return false;
  scoped.set(id, config);
  return true;
}

export function forgetRoot(root: i32): void {
  roots.remove(root);
}

export function forgetScoped(id: i32): void {
  scoped.remove(id);
}

/** The route's configuration where it has one, else the filter's; null: nobody said what to do. */
export function configFor(root: i32, routeConfig: i32): RbacConfig | null {
  if (routeConfig !== 0) return scoped.get(routeConfig, null);
  return roots.get(root, null);
}

/** An RBAC message, or the RBACPerRoute around one; one around nothing takes the rules away. */
function readConfig(): RbacConfig | null {
  const reader = readConfigurationJson();
  if (reader === null) return null;
  const perRoute = reader.text('@type') === PER_ROUTE;
  const config = new RbacConfig(perRoute ? reader.child('rbac') : reader);
  reader.refuseUnread();
  return acceptMessage(reader) ? config : null;
}
