import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { HeaderOperator } from './header-operator';
import { Operator } from './operator';

/** `PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH)`: with or without the query, as it came or as it went on. */
export function pathOperator(parameters: string): Operator | null {
  const parts = parameters.split(':');
  if (parts.length > 2) return null;
  const query = parts[0].length === 0 ? 'WQ' : parts[0];
  if (query !== 'WQ' && query !== 'NQ') return null;
  const which = parts.length === 2 ? parts[1] : 'ORIG_OR_PATH';
  let names = '';
  if (which === 'ORIG') names = 'x-envoy-original-path';
  else if (which === 'PATH') names = ':path';
  else if (which === 'ORIG_OR_PATH') names = 'x-envoy-original-path?:path';
  return HeaderOperator.of(REQUEST_HEADERS, names, query === 'NQ');
}
