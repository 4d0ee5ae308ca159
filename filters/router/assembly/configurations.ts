import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { acceptMessage, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { RouteTable } from './route-table';
import { VirtualHost } from './virtual-host';

const tables = new IdMap<RouteTable | null>();
const hosts = new IdMap<VirtualHost | null>();

/** The route table that the host knows by this id; null where it was never accepted. */
export function tableOf(config: i32): RouteTable | null {
  return tables.get(config, null);
}

/** Takes the message at hand: a virtual host, or a route configuration made of such. */
export function acceptPart(config: i32): bool {
  const reader = readConfigurationJson();
  if (reader === null) return false;
  if (reader.text('@type').endsWith('.VirtualHost')) {
    const host = new VirtualHost(reader);
    if (acceptMessage(reader)) hosts.set(config, host);
  } else {
    const table = new RouteTable(reader, readHosts(reader));
    if (acceptMessage(reader)) tables.set(config, table);
  }
  return !reader.complaint.made;
}

export function forgetPart(config: i32): void {
  tables.remove(config);
  hosts.remove(config);
}

/** Virtual hosts stand in a route configuration by the ids under which they came, or whole. */
function readHosts(reader: JsonReader): Array<VirtualHost> {
  const children = reader.children('virtualHosts');
  const result: VirtualHost[] = [];
  for (let i = 0; i < children.length; i++) {
    const child = children[i];
    if (!child.has('configId')) {
      result.push(new VirtualHost(child));
      continue;
    }
    const known = hosts.get(<i32>child.integer('configId'), null);
    if (known === null) child.complain('configId', 'is not known');
    else result.push(known);
  }
  return result;
}
