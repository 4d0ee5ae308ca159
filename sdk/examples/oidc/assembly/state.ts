import { decodeBase64, encodeBase64Url } from '@lateen/sdk/assembly/bytes/base64';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { sameSecret } from '@lateen/sdk/assembly/crypto/constant-time';
import { hmacSha256 } from '@lateen/sdk/assembly/crypto/hmac-sha256';

/** Where to go on, and a signature: `base64url(target).base64url(hmac)`. */
export function stateFor(target: string, secret: string): string {
  const text = new Bytes();
  encodeBase64Url(Bytes.of(target), text);
  return text.toString() + '.' + signatureOf(text, secret);
}

/** Where to go on; empty where the state is not ours. Only paths on this host count. */
export function targetOf(state: string | null, secret: string): string {
  if (state === null) return '';
  const dot = state.indexOf('.');
  if (dot < 0) return '';
  const text = Bytes.of(state.substring(0, dot));
  const right = sameSecret(Bytes.of(signatureOf(text, secret)), Bytes.of(state.substring(dot + 1)));
  const target = new Bytes();
  if (!right || !decodeBase64(text, target)) return '';
  const path = target.toString();
  return path.startsWith('/') && !path.startsWith('//') ? path : '';
}

function signatureOf(text: Bytes, secret: string): string {
  const signature = hmacSha256(Bytes.of('state ' + secret), text, new Bytes());
  const encoded = new Bytes();
  encodeBase64Url(signature, encoded);
  return encoded.toString();
}
