import { ALLOCATING, type Guest, STARTING } from '../guest.ts';
import type { HostFunctions } from './host-functions.ts';
import * as errno from './wasi-errno.ts';

const STDOUT = 1;
const STDERR = 2;
const VECTORS_MAX = 1024;
const FDSTAT_BYTES = 24;
const RIGHTS_AT = 8;
const RIGHT_FD_WRITE = 64;

/** File descriptors: 1 and 2 go to the log, and there are no others. */
export function descriptorFunctions(guest: Guest): HostFunctions {
  const { memory } = guest;
  const badDescriptor = (name: string) => () =>
    guest.admit(name, STARTING) ? errno.BADF : errno.FAULT;
  return {
    fd_write(fd: number, vectors: number, count: number, outWritten: number) {
      if (!guest.admit('fd_write', ALLOCATING)) return errno.FAULT;
      if (fd !== STDOUT && fd !== STDERR) return errno.BADF;
      if (count >>> 0 > VECTORS_MAX) return errno.INVAL;
      if (!memory.has(outWritten >>> 0, 4)) return errno.FAULT;
      const written = writeVectors(guest, fd, vectors >>> 0, count >>> 0);
      if (written < 0) return errno.FAULT;
      memory.setU32(outWritten >>> 0, written);
      return errno.SUCCESS;
    },
    fd_fdstat_get(fd: number, out: number) {
      if (!guest.admit('fd_fdstat_get', STARTING)) return errno.FAULT;
      const at = out >>> 0;
      if (fd !== STDOUT && fd !== STDERR) return errno.BADF;
      if (!memory.has(at, FDSTAT_BYTES)) return errno.FAULT;
      memory.u8.fill(0, at, at + FDSTAT_BYTES);
      memory.setU32(at + RIGHTS_AT, RIGHT_FD_WRITE);
      return errno.SUCCESS;
    },
    fd_fdstat_set_flags: (fd: number) => {
      if (!guest.admit('fd_fdstat_set_flags', STARTING)) return errno.FAULT;
      return fd === STDOUT || fd === STDERR ? errno.SUCCESS : errno.BADF;
    },
    fd_read: () => (guest.admit('fd_read', STARTING) ? errno.NOSYS : errno.FAULT),
    fd_seek: () => (guest.admit('fd_seek', STARTING) ? errno.NOTSUP : errno.FAULT),
    /** Go's and C's start look for directories until the first bad descriptor. */
    fd_prestat_get: badDescriptor('fd_prestat_get'),
    fd_prestat_dir_name: badDescriptor('fd_prestat_dir_name'),
    fd_close: badDescriptor('fd_close'),
    path_open: () => (guest.admit('path_open', STARTING) ? errno.NOENT : errno.FAULT),
  };
}

/** Logs what the vectors hold; how many bytes that were, or -1 where one lies outside. */
function writeVectors(guest: Guest, fd: 1 | 2, vectors: number, count: number): number {
  const { memory, log } = guest;
  if (!memory.has(vectors, count * 8)) return -1;
  let written = 0;
  let text = '';
  for (let i = 0; i < count; i++) {
    const at = memory.u32(vectors + i * 8);
    const size = memory.u32(vectors + i * 8 + 4);
    if (!memory.has(at, size)) return -1;
    guest.charge(size * 4);
    written += size;
    // What the log would cut off anyway is not read.
    const room = guest.options.limits.logLineBytesMax - text.length;
    if (room > 0) text += memory.utf8(at, Math.min(size, room));
  }
  log.writeStream(fd, text);
  return written;
}
