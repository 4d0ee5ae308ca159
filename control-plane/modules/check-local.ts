import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Problem } from '@lateen/sdk/base/problem';
import type { ConfigObject } from '../api/object.ts';
import { FETCH_LIMITS } from './limits.ts';
import { locateProblem } from './locate.ts';
import { pluginOf } from './plugin.ts';
import { checkPluginConfig } from './plugin-config.ts';
import { PullSecrets } from './pull-secret.ts';

/**
 * Where pluginConfig breaks the schema of a module that lies here, at a `file://` URL. A file that
 * cannot be read is not told of: where the plugin will run it may be there.
 */
export function checkLocalModules(objects: readonly ConfigObject[]): readonly Problem[] {
  const secrets = new PullSecrets(objects);
  return objects.flatMap((object) => {
    const source = pluginOf(object, secrets);
    const module = source === undefined ? undefined : readLocal(source.url);
    if (source === undefined || module === undefined) return [];
    const fits = checkPluginConfig(source, module);
    return fits.ok ? [] : [locateProblem(source, fits.error)];
  });
}

function readLocal(url: string): Uint8Array | undefined {
  if (!url.startsWith('file:')) return undefined;
  try {
    const path = fileURLToPath(url);
    const stat = statSync(path);
    return stat.isFile() && stat.size <= FETCH_LIMITS.moduleBytesMax
      ? readFileSync(path)
      : undefined;
  } catch {
    return undefined;
  }
}
