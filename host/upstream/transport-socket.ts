import type { JsonReader } from '@lateen/sdk/base/json-reader';

const RAW_BUFFER_TYPE =
  'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

/** Until there are identities a cluster that wants anything but cleartext is refused by name. */
export function refuseTls(cluster: JsonReader): void {
  refuseSocket(cluster);
  for (const match of cluster.objects('transportSocketMatches')) refuseSocket(match);
}

function refuseSocket(reader: JsonReader): void {
  if (!reader.has('transportSocket')) return;
  const socket = reader.object('transportSocket');
  const name = socket.string('name');
  const type = socket.object('typedConfig').string('@type');
  if (type === RAW_BUFFER_TYPE || name === 'envoy.transport_sockets.raw_buffer') return;
  reader.error(`transport socket ${name} is not supported yet: only cleartext`, 'transportSocket');
}
