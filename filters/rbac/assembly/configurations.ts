import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { acceptMessage, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { RbacConfig } from './rbac-config';

/** The filter's own configuration, by root context. */
const roots = new IdMap<RbacConfig | null>();
/** Configurations of routes, virtual hosts and route configurations, by the host's id. */
const scoped = new IdMap<RbacConfig | null>();

export function acceptRoot(root: i32): bool {
  const config = readRbac();
  if (config === null) return false;
  roots.set(root, config);
  return true;
}

export function acceptScoped(id: i32): bool {
  const config = readRbac();
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

/** The most specific configuration; null, where one is missing, is no leave to pass. */
export function configFor(root: i32, routeConfig: i32): RbacConfig | null {
  return routeConfig !== 0 ? scoped.get(routeConfig, null) : roots.get(root, null);
}

function readRbac(): RbacConfig | null {
  const reader = readConfigurationJson();
  if (reader === null) return null;
  const config = new RbacConfig(settings(reader));
  return acceptMessage(reader) ? config : null;
}

/** What a route says in an RBACPerRoute; one that says nothing switches the filter off there. */
function settings(reader: JsonReader): JsonReader {
  if (!reader.text('@type').endsWith('.RBACPerRoute')) return reader;
  const inner = reader.child('rbac');
  reader.refuseUnread();
  return inner;
}
