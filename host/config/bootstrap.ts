import type { Json, JsonObject } from '@lateen/sdk/base/json';
import { isJsonObject } from '@lateen/sdk/base/json';
import { JsonReader } from '@lateen/sdk/base/json-reader';
import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import { BOOTSTRAP, CLUSTER, LISTENER, SECRET } from '@lateen/sdk/xds/type-urls';
import { checkClusterNames } from './cluster-references.ts';
import {
  type ConfigSource,
  type GrpcSource,
  readConfigSource,
  readGrpcSource,
} from './config-source.ts';
import { faultInSource, problemInSource } from './source-problems.ts';
import type { SourceDocument } from './yaml-json.ts';

/** What the process starts with. */
export interface Bootstrap {
  /** Canonical JSON, as `/config_dump` shows it. */
  readonly json: JsonObject;
  /** core.v3.Node. */
  readonly node: JsonObject;
  readonly admin: AdminConfig | null;
  readonly clusters: ReadonlyMap<string, JsonObject>;
  readonly listeners: ReadonlyMap<string, JsonObject>;
  readonly secrets: ReadonlyMap<string, JsonObject>;
  readonly dynamic: DynamicConfig;
  /** A problem of a resource that stands in the file, with its place there. */
  readonly place: (problem: Problem) => Problem;
}

export interface AdminConfig {
  readonly address: string;
  readonly port: number;
  /** Path of the admin's own access log; empty = none. */
  readonly accessLogPath: string;
}

export interface DynamicConfig {
  /** The management server behind every `ads: {}`. */
  readonly ads: GrpcSource | null;
  readonly lds: ConfigSource | null;
  readonly cds: ConfigSource | null;
}

export interface ReadBootstrap {
  readonly bootstrap: Bootstrap | null;
  readonly problems: readonly Problem[];
}

/** What flags say of the node; they win over the file. */
export interface NodeFlags {
  readonly serviceNode: string | undefined;
  readonly serviceCluster: string | undefined;
  readonly serviceZone: string | undefined;
}

/** Reads a bootstrap; with any error there is none. Warnings name what has no effect. */
export function readBootstrap(
  document: SourceDocument,
  registry: XdsRegistry,
  flags: NodeFlags,
): ReadBootstrap {
  const { json } = document;
  if (!isJsonObject(json)) {
    const message = 'the bootstrap is empty, or no map of fields';
    const origin = document.locate([]);
    return { bootstrap: null, problems: [{ level: 'error', code: 'LAT0102', message, origin }] };
  }
  const { json: canonical, faults } = registry.normalize({ ...json, '@type': BOOTSTRAP });
  if (canonical === null) {
    return { bootstrap: null, problems: faults.map((fault) => faultInSource(fault, document)) };
  }
  const problems: Problem[] = [];
  const sink = { resource: 'Bootstrap', problems };
  const bootstrap = parse(new JsonReader(canonical, sink), canonical, flags);
  const placed = problems.map((problem) => problemInSource(problem, document));
  if (hasErrors(placed)) return { bootstrap: null, problems: placed };
  const place = (problem: Problem) => placeInFile(problem, bootstrap, document);
  return { bootstrap: { ...bootstrap, place }, problems: placed };
}

function placeInFile(
  problem: Problem,
  bootstrap: Omit<Bootstrap, 'place'>,
  document: SourceDocument,
): Problem {
  const { file, resource = '' } = problem.origin;
  if (file !== undefined) return problem;
  for (const field of ['listeners', 'clusters'] as const) {
    const kind = field === 'listeners' ? 'Listener' : 'Cluster';
    const names = [...bootstrap[field].keys()];
    const index = names.findIndex((name) => resource === name || resource === `${kind} ${name}`);
    if (index >= 0) return problemInSource(problem, document, ['static_resources', field, index]);
  }
  return problem;
}

function parse(r: JsonReader, json: JsonObject, flags: NodeFlags): Omit<Bootstrap, 'place'> {
  const statics = r.object('staticResources');
  const clusters = named(statics, 'clusters', CLUSTER);
  const listeners = named(statics, 'listeners', LISTENER);
  const secrets = named(statics, 'secrets', SECRET);
  const dynamic = readDynamic(r.object('dynamicResources'));
  checkSources(r, dynamic, clusters);
  // With discovery any name may still come.
  if (dynamic.cds === null) checkClusterNames(statics, new Set(clusters.keys()));
  const bootstrap = {
    json,
    node: withFlags(r.object('node').json, flags),
    admin: readAdmin(r.object('admin')),
    clusters,
    listeners,
    secrets,
    dynamic,
  };
  r.ignore('statsConfig', 'statsFlushInterval', 'statsFlushOnAdmin', 'statsServerVersionOverride');
  r.ignore('enableDispatcherStats', 'defaultSocketInterface', 'watchdog', 'watchdogs');
  r.warnUnread();
  return bootstrap;
}

function named(r: JsonReader, field: string, type: string): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const [index, resource] of r.objects(field).entries()) {
    const name = resource.string('name') || `${field}[${index}]`;
    if (found.has(name)) resource.problem('error', 'LAT0103', `a second one named ${name}`, 'name');
    found.set(name, { '@type': type, ...resource.json, name });
  }
  return found;
}

function readDynamic(r: JsonReader): DynamicConfig {
  const ads = r.has('adsConfig') ? readGrpcSource(r.object('adsConfig')) : null;
  const lds = r.has('ldsConfig') ? readConfigSource(r.object('ldsConfig')) : null;
  const cds = r.has('cdsConfig') ? readConfigSource(r.object('cdsConfig')) : null;
  r.warnUnread();
  return { ads, lds, cds };
}

/** Every management server must be a cluster that stands in the file. */
function checkSources(
  r: JsonReader,
  { ads, lds, cds }: DynamicConfig,
  clusters: ReadonlyMap<string, JsonObject>,
): void {
  const dynamic = r.object('dynamicResources');
  for (const [field, source] of [
    ['ldsConfig', lds],
    ['cdsConfig', cds],
  ] as const) {
    if (source?.kind === 'ads' && ads === null) {
      dynamic.object(field).error('is "ads", but there is no ads_config', 'ads');
    }
    if (source?.kind === 'grpc') checkCluster(dynamic.object(field), source.server, clusters);
  }
  if (ads !== null) checkCluster(dynamic.object('adsConfig'), ads, clusters);
}

function checkCluster(
  r: JsonReader,
  source: GrpcSource,
  clusters: ReadonlyMap<string, JsonObject>,
): void {
  if (source.clusterName === '' || clusters.has(source.clusterName)) return;
  const message = `there is no static cluster ${source.clusterName}`;
  r.problem('error', 'LAT0201', message, 'grpcServices');
}

function readAdmin(r: JsonReader): AdminConfig | null {
  if (!r.has('address')) return null;
  const address = r.object('address');
  if (!address.has('socketAddress')) {
    address.error('only socket_address is supported here');
    return null;
  }
  const socket = address.object('socketAddress');
  const logs = r.objects('accessLog').map((log) => log.object('typedConfig').string('path'));
  r.ignore('profilePath');
  const accessLogPath = r.string('accessLogPath') || (logs[0] ?? '');
  r.warnUnread();
  return { address: socket.string('address'), port: socket.number('portValue'), accessLogPath };
}

function withFlags(node: JsonObject, flags: NodeFlags): JsonObject {
  const locality = isJsonObject(node['locality']) ? node['locality'] : {};
  const zone: Json | undefined = flags.serviceZone;
  return {
    ...node,
    id: flags.serviceNode ?? node['id'] ?? '',
    cluster: flags.serviceCluster ?? node['cluster'] ?? '',
    ...(zone === undefined ? {} : { locality: { ...locality, zone } }),
  };
}
