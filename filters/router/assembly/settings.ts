import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { acceptMessage, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
import { Json } from '@lateen/sdk/assembly/json/json';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';

const DATA = [
  'dynamicStats',
  'startChildSpan',
  'suppressGrpcRequestFailureCodeStats',
  'rejectConnectRequestEarlyData',
];
const HARMLESS = ['upstreamLog', 'upstreamLogOptions', 'strictCheckHeaders'];

/** `envoy.extensions.filters.http.router.v3.Router`, of one connection manager. */
export class Settings {
  readonly suppressHeaders: bool;
  readonly respectExpectedTimeout: bool;

  constructor(reader: JsonReader) {
    this.suppressHeaders = reader.flag('suppressEnvoyHeaders');
    this.respectExpectedTimeout = reader.flag('respectExpectedRqTimeout');
    readUpstreamFilters(reader);
    reader.ignore(DATA);
    reader.warn(HARMLESS);
    reader.refuseUnread();
  }
}

/** The codec, which must stand last there, is what happens anyway. */
function readUpstreamFilters(reader: JsonReader): void {
  const filters = reader.children('upstreamHttpFilters');
  for (let i = 0; i < filters.length; i++) {
    const type = filters[i].child('typedConfig').text('@type');
    if (!type.endsWith('.UpstreamCodec')) filters[i].complain('', 'is not supported');
  }
}

const defaults = new Settings(new JsonReader(Json.empty()));
const roots = new IdMap<Settings | null>();

export function settingsOf(root: i32): Settings {
  const settings = roots.get(root, null);
  return settings === null ? defaults : settings;
}

/** Takes the configuration at hand as that of the root context. */
export function acceptSettings(root: i32): bool {
  const reader = readConfigurationJson();
  if (reader === null) return false;
  const settings = new Settings(reader);
  if (!acceptMessage(reader)) return false;
  roots.set(root, settings);
  return true;
}

export function forgetSettings(root: i32): void {
  roots.remove(root);
}
