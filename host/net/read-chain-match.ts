import type { JsonReader } from '@lateen/sdk/base/json-reader';
import type { FilterChainMatch, SourceType } from './filter-chain-match.ts';
import { type CidrRange, parseCidr } from './ip.ts';

const SOURCE_TYPES: readonly SourceType[] = ['ANY', 'SAME_IP_OR_LOOPBACK', 'EXTERNAL'];

/** Reads `FilterChainMatch`; what it cannot honour is a problem, never a wider match. */
export function readChainMatch(reader: JsonReader): FilterChainMatch {
  const sourceType = reader.string('sourceType', 'ANY');
  const known = SOURCE_TYPES.find((name) => name === sourceType);
  if (known === undefined) reader.error(`${sourceType} is not known`, 'sourceType');
  const match: FilterChainMatch = {
    destinationPort: reader.number('destinationPort'),
    prefixRanges: readRanges(reader, 'prefixRanges'),
    serverNames: readServerNames(reader),
    transportProtocol: reader.string('transportProtocol'),
    applicationProtocols: reader.strings('applicationProtocols'),
    directSourcePrefixRanges: readRanges(reader, 'directSourcePrefixRanges'),
    sourceType: known ?? 'ANY',
    sourcePrefixRanges: readRanges(reader, 'sourcePrefixRanges'),
    sourcePorts: readPorts(reader),
  };
  reader.refuseUnread();
  return match;
}

function readRanges(reader: JsonReader, name: string): readonly CidrRange[] {
  return reader.objects(name).flatMap((item) => {
    const address = item.string('addressPrefix');
    const length = item.number('prefixLen');
    const range = parseCidr(address, length);
    if (range === null) item.error(`${address}/${length} is not an IP range`);
    item.refuseUnread();
    return range === null ? [] : [range];
  });
}

function readServerNames(reader: JsonReader): readonly string[] {
  return reader.strings('serverNames').map((name) => {
    if (name.replace(/^\*\./, '').includes('*')) {
      reader.error(`"${name}": a wildcard stands for whole leading labels only`, 'serverNames');
    }
    return name.toLowerCase();
  });
}

function readPorts(reader: JsonReader): readonly number[] {
  const value = reader.raw('sourcePorts');
  return Array.isArray(value) ? value.filter((port) => typeof port === 'number') : [];
}
