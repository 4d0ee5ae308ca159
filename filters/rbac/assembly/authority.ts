import { allocate } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';

const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const BRACKET: u8 = 0x5d;
const answer = new Bytes();

/** `Admin.Svc.:80` as `admin.svc:80`: other ways to write the same host. */
export function plainAuthority(authority: Bytes): Bytes {
  const host = hostSize(authority);
  const bare = bareSize(authority, host);
  const target = allocate(authority.size);
  memory.copy(target, authority.pointer, bare);
  memory.copy(target + bare, authority.pointer + host, authority.size - host);
  return answer.point(target, authority.size - host + bare).lower();
}

/** `Admin.Svc.:80` as `admin.svc`. */
export function bareAuthority(authority: Bytes): Bytes {
  return answer.point(authority.pointer, bareSize(authority, hostSize(authority))).lower();
}

/** Size without the port. A colon inside of brackets belongs to the address. */
function hostSize(authority: Bytes): i32 {
  const colon = authority.lastIndexOf(COLON);
  return colon < 0 || authority.lastIndexOf(BRACKET) > colon ? authority.size : colon;
}

function bareSize(authority: Bytes, host: i32): i32 {
  return host > 0 && authority.byte(host - 1) === DOT ? host - 1 : host;
}
