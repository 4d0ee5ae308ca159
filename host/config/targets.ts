import { isIP } from 'node:net';
import { isJsonObject, type Json, type JsonObject } from '@lateen/sdk/base/json';
import { JsonReader } from '@lateen/sdk/base/json-reader';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { GrpcSource } from './config-source.ts';

/** The gRPC targets of a management server: its cluster's addresses, or what it says itself. */
export function targetsOf(
  source: GrpcSource,
  clusters: ReadonlyMap<string, JsonObject>,
): Result<readonly string[]> {
  if (source.clusterName === '') return ok([source.target]);
  const name = source.clusterName;
  const cluster = clusters.get(name);
  const problem = (message: string): Problem => {
    return { level: 'error', code: 'LAT0630', message, origin: { resource: `Cluster ${name}` } };
  };
  if (cluster === undefined) return fail(problem('is not among the static clusters'));
  if (isTls(cluster['transportSocket'])) {
    return fail(problem('TLS to the management server is not supported yet'));
  }
  const targets = addressesOf(cluster);
  return targets.length === 0 ? fail(problem('has no usable address')) : ok(targets);
}

function isTls(socket: Json | undefined): boolean {
  if (!isJsonObject(socket)) return false;
  const config = socket['typedConfig'];
  return !isJsonObject(config) || !String(config['@type']).endsWith('.RawBuffer');
}

function addressesOf(cluster: JsonObject): readonly string[] {
  const r = new JsonReader(cluster, { resource: 'Cluster', problems: [] });
  return r
    .object('loadAssignment')
    .objects('endpoints')
    .flatMap((locality) => locality.objects('lbEndpoints'))
    .map((endpoint) => endpoint.object('endpoint').object('address'))
    .map(targetOf)
    .filter((target) => target !== '');
}

function targetOf(address: JsonReader): string {
  const pipe = address.object('pipe').string('path');
  if (pipe !== '') return `unix:${pipe}`;
  const socket = address.object('socketAddress');
  const host = socket.string('address');
  const port = socket.number('portValue');
  if (host === '' || port === 0) return '';
  if (isIP(host) === 6) return `ipv6:[${host}]:${port}`;
  return isIP(host) === 4 ? `ipv4:${host}:${port}` : `dns:///${host}:${port}`;
}
