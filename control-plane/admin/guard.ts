import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a request is not answered; undefined where it may go on. */
export interface Denial {
  readonly status: 400 | 401 | 403;
  readonly message: string;
}

/**
 * A name that a browser could be made to resolve to this machine must not reach the API (DNS
 * rebinding), and neither may a page from elsewhere: Host has to be a loopback name, Origin, if
 * there is one, the API's own.
 */
export function judgeSource(request: IncomingMessage): Denial | undefined {
  const host = request.headers.host ?? '';
  if (!/^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host)) {
    return { status: 403, message: 'the Host header names another machine' };
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return { status: 403, message: 'requests from other origins are refused' };
  }
  if (request.headers['sec-fetch-site'] === 'cross-site') {
    return { status: 403, message: 'requests from other sites are refused' };
  }
  return undefined;
}

export function judgeToken(request: IncomingMessage, token: string): Denial | undefined {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return undefined;
  return { status: 401, message: 'the token of this control plane is needed' };
}
