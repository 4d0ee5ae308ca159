import { JsonWriter } from '../json/json-writer';
import { sendLocalReply } from './local-reply';

/** Answers with `{"error": code, "message": message}` as JSON. Return PAUSE afterwards. */
export function replyJsonError(status: i32, code: string, message: string): bool {
  const body = new JsonWriter().object().key('error').text(code).key('message').text(message).end();
  return sendLocalReply(status, body.toString(), ['content-type', 'application/json'], code);
}

/** Sends the client elsewhere; `cookies` are values of `set-cookie`. Return PAUSE afterwards. */
export function redirect(location: string, cookies: Array<string> = [], status: i32 = 302): bool {
  const headers = ['location', location];
  for (let i = 0; i < cookies.length; i++) {
    headers.push('set-cookie');
    headers.push(cookies[i]);
  }
  return sendLocalReply(status, '', headers, 'redirect');
}

/** 401 with the challenge that says how to authenticate. Return PAUSE afterwards. */
export function replyUnauthorized(challenge: string): bool {
  return sendLocalReply(401, 'unauthorized', ['www-authenticate', challenge], 'unauthorized');
}
