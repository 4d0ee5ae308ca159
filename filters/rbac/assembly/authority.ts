import { allocate, epoch } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';

const COLON: u8 = 0x3a;
const DOT: u8 = 0x2e;
const BRACKET: u8 = 0x5d;

/** `Admin.Svc.:80` as `admin.svc:80`: other ways to write the same host. */
export const plainAuthority = new Bytes();
/** `Admin.Svc.:80` as `admin.svc`. */
export const bareAuthority = new Bytes();

let readAt: u32 = 0;

/** Points both to their readings of the authority, once per callback. */
export function readAuthority(authority: Bytes): void {
  if (readAt === epoch) return;
  readAt = epoch;
  const host = hostSize(authority);
  const dotless = host > 0 && authority.byte(host - 1) === DOT ? host - 1 : host;
  const port = authority.size - host;
  const target = allocate(dotless + port);
  memory.copy(target, authority.pointer, dotless);
  memory.copy(target + dotless, authority.pointer + host, port);
  plainAuthority.point(target, dotless + port).lower();
  bareAuthority.point(plainAuthority.pointer, dotless);
}

/** Size without the port. A colon inside of brackets belongs to the address. */
function hostSize(authority: Bytes): i32 {
  const colon = authority.lastIndexOf(COLON);
  return colon < 0 || authority.lastIndexOf(BRACKET) > colon ? authority.size : colon;
}
