import type { Problem } from '@lateen/sdk/base/problem';
import type { ConnectedProxy } from '../xds/ads-server.ts';
import { resourcesOf } from '../xds/snapshot.ts';
import { SHORT_NAMES } from '../xds/type-urls.ts';
import { extensionOf, makerOf } from './blame.ts';
import { proxyName } from './proxy-status.ts';

const MESSAGE_CHARS_MAX = 2_000;

/** What proxies refuse at the moment, charged to the resources it was made from. */
export function refusalProblems(
  proxies: readonly ConnectedProxy[],
  keyOfExtension: ReadonlyMap<string, string>,
): readonly Problem[] {
  return proxies.flatMap((proxy) => refusalsOf(proxy, keyOfExtension));
}

function refusalsOf(
  { stream }: ConnectedProxy,
  keyOfExtension: ReadonlyMap<string, string>,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [typeUrl, { resources }] of stream.deliveries()) {
    for (const [name, { refused }] of resources) {
      if (refused === undefined) continue;
      const sent = resourcesOf(stream.snapshot, typeUrl).get(name);
      const said = about(name, refused);
      const maker = sent && makerOf(sent.json, said);
      const extension = (sent && extensionOf(sent.json, said)) ?? name;
      const resource = keyOfExtension.get(extension) ?? maker?.key ?? name;
      const short = SHORT_NAMES.get(typeUrl) ?? typeUrl;
      const text = said.slice(0, MESSAGE_CHARS_MAX);
      problems.push({
        level: 'error',
        code: 'LAT0620',
        message: `${proxyName(stream.node.id)} refuses ${short} ${name}: ${text}`,
        origin: { resource, ...placeOf(maker?.at) },
      });
    }
  }
  return problems;
}

/** One text may refuse several resources, `; ` between them: what is said about this one. */
export function about(name: string, message: string): string {
  const own = message.split('; ').filter((part) => part.includes(name));
  return own.length === 0 ? message : own.join('; ');
}

function placeOf(at: string | undefined): { file?: string; line?: number } {
  const match = at === undefined ? null : /^(.*):(\d+)$/.exec(at);
  return match === null ? {} : { file: match[1] ?? '', line: Number(match[2]) };
}
