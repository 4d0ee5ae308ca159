import { ok, type Result } from '@lateen/sdk/base/result';
import type { AddressClass } from './address-guard.ts';
import { exchange, isRedirect, shown, target } from './exchange.ts';
import { type FetchLimits, tooLarge } from './limits.ts';
import { FETCH_FAILED, failed, TOO_LARGE } from './problem.ts';
import { refusedBy } from './retry-after.ts';

const REDIRECTS_MAX = 5;
const ACCEPT = 'application/wasm, application/octet-stream, */*';

/** GET with redirects followed under the address guard, a size limit and one deadline. */
export async function fetchHttp(
  url: string,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<Result<Uint8Array>> {
  if (!URL.canParse(url)) return failed(FETCH_FAILED, `${url} is no URL`);
  const { timeoutMs, moduleBytesMax: bytesMax } = limits;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let at = new URL(url);
  let previous: AddressClass | undefined;
  for (let count = 0; count <= REDIRECTS_MAX; count += 1) {
    const headers = { accept: ACCEPT };
    const outgoing = { method: 'GET', url: at, headers, bytesMax, timeoutMs, previous } as const;
    const answer = await exchange(outgoing, deadline);
    if (!answer.ok) return answer.error.code === TOO_LARGE ? tooLarge(limits) : answer;
    const { status, headers: fields, body, address } = answer.value;
    const { location } = fields;
    if (isRedirect(status) && typeof location === 'string') {
      const next = target(at, location);
      if (!next.ok) return next;
      at = next.value;
      previous = address;
      continue;
    }
    if (status === 200) return ok(body);
    return refusedBy(answer.value, `${shown(at)} answers ${status}`);
  }
  return failed(FETCH_FAILED, `${shown(at)} redirects more than ${REDIRECTS_MAX} times`);
}
