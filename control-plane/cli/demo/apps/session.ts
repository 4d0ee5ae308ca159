import type { IncomingMessage } from 'node:http';

/** Names that may stand in a header and on a page without further thought. */
const USER = /^[\w.@-]{1,64}$/;

/**
 * The signed-in user, from the cookie that `/login` sets. Nothing is proven by it: Bookinfo takes
 * any name, to show how a mesh routes by user.
 */
export function userOf(request: IncomingMessage): string {
  const value = /(?:^|;\s*)session=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
  return USER.test(value) ? value : '';
}

/** The `set-cookie` value that signs a user in; undefined when the name cannot be one. */
export function signIn(user: string): string | undefined {
  return USER.test(user) ? `session=${user}; Path=/; HttpOnly; SameSite=Lax` : undefined;
}

export const SIGN_OUT = 'session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax';
