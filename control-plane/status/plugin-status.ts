import type { PluginStep, PluginView } from '../modules/pipeline.ts';
import type { ConnectedProxy } from '../xds/ads-server.ts';
import { resourcesOf } from '../xds/snapshot.ts';
import { EXTENSION_TYPE } from '../xds/type-urls.ts';

export type StepState = 'yes' | 'no' | 'failed';

/** How far the newest version of a plugin got, and what serves meanwhile. */
export interface PluginStatus {
  readonly url: string;
  readonly fetched: StepState;
  /** Digest and signatures are as they should be. */
  readonly verified: StepState;
  /** Ids (SHA-256) of the public keys whose signatures were asked for and found. */
  readonly signedBy: readonly string[];
  readonly compiled: StepState;
  /** Accepted its configuration on a proxy's canary instance. */
  readonly configured: StepState;
  /** Proxies that run the newest version, of those that should have the plugin. */
  readonly active: number;
  readonly proxies: number;
  readonly digest: string | undefined;
  readonly serving: 'newest' | 'previous' | 'nothing';
  /** Code of the problem that keeps it from going further. */
  readonly reason: string | undefined;
  /** Why it goes no further. */
  readonly message: string | undefined;
}

const STEPS: readonly PluginStep[] = ['fetching', 'fetched', 'verified', 'compiled'];
const REFUSED_BY_PROXY = 'LAT0302';

/** What the configuration holds of a plugin, and who has it. */
export interface InForce {
  readonly generation: string | undefined;
  readonly extensionName: string | undefined;
  readonly proxies: readonly ConnectedProxy[];
}

export function pluginStatus(view: PluginView, inForce: InForce): PluginStatus {
  const reached = STEPS.indexOf(view.step);
  const refused = view.problem?.code === REFUSED_BY_PROXY;
  const state = (step: PluginStep): StepState => {
    if (view.failedAt === step) return 'failed';
    return reached >= STEPS.indexOf(step) ? 'yes' : 'no';
  };
  const { active, total } = count(inForce.extensionName, inForce.proxies);
  const newest = inForce.generation === view.generation;
  const running = newest ? active : 0;
  return {
    url: shortUrl(view.url),
    fetched: state('fetched'),
    verified: state('verified'),
    signedBy: view.signedBy,
    compiled: state('compiled'),
    configured: refused ? 'failed' : running > 0 ? 'yes' : 'no',
    active: running,
    proxies: total,
    digest: view.digest,
    serving: newest ? 'newest' : inForce.generation === undefined ? 'nothing' : 'previous',
    reason: view.problem?.code,
    message: view.problem?.message,
  };
}

/** Proxies whose snapshot has the extension, and those of them that acknowledged that version. */
function count(
  extensionName: string | undefined,
  proxies: readonly ConnectedProxy[],
): { readonly active: number; readonly total: number } {
  let active = 0;
  let total = 0;
  for (const { stream } of proxies) {
    const wanted = resourcesOf(stream.snapshot, EXTENSION_TYPE).get(extensionName ?? '');
    if (wanted === undefined) continue;
    total += 1;
    const delivery = stream.deliveries().get(EXTENSION_TYPE)?.resources.get(wanted.name);
    if (delivery?.acked === wanted.version) active += 1;
  }
  return { active, total };
}

/** A data url is the module itself: nobody wants to read it. */
function shortUrl(url: string): string {
  return url.startsWith('data:') ? `${url.slice(0, 29)}... (${url.length} characters)` : url;
}
