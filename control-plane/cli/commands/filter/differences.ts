import type { SeenMessage } from '@lateen/host/testing/memory-message';
import type { Played } from './play.ts';

type Pairs = readonly (readonly [string, string])[];

/** What became different through the filter: the same request was played without it. */
export function differences(without: Played, played: Played): readonly string[] {
  const lines = played.callouts.map((callout) => `called ${callout}`);
  if (played.pausedMs > 0) lines.push(`paused for ${played.pausedMs} ms`);
  if (played.upstream === null) {
    lines.push(played.response.ended ? 'answered itself' : 'kept the request');
  } else lines.push(...messageDifferences('request', without.upstream, played.upstream));
  if (played.response.reset !== null) lines.push(`stream reset: ${played.response.reset}`);
  lines.push(...messageDifferences('response', without.response, played.response));
  return lines;
}

function messageDifferences(
  name: string,
  before: SeenMessage | null,
  after: SeenMessage,
): readonly string[] {
  if (before === null) return [];
  const lines = pairDifferences(before.headers, after.headers);
  if (!before.body.equals(after.body)) {
    lines.push(`body, ${before.body.length} to ${after.body.length} bytes`);
  }
  lines.push(
    ...pairDifferences(before.trailers, after.trailers).map((line) => `${line} (trailer)`),
  );
  return lines.map((line) => `${name} ${line}`);
}

/** `+ name: value`, `- name: value`, and both for a value that changed. */
export function pairDifferences(before: Pairs, after: Pairs): string[] {
  const left = [...before].map(([name, value]) => `${name}: ${value}`);
  const added: string[] = [];
  for (const [name, value] of after) {
    const at = left.indexOf(`${name}: ${value}`);
    if (at === -1) added.push(`+ ${name}: ${value}`);
    else left.splice(at, 1);
  }
  return [...left.map((line) => `- ${line}`), ...added];
}
