import koffi from 'koffi';

/** The few calls of libc that Node does not offer. Linux only; errors are negative errnos. */
export interface Libc {
  /** A non-blocking TCP socket that is bound and listens; the descriptor or a negative errno. */
  listenTcp(request: ListenRequest): number;
  /** Another descriptor of the same socket; not passed on to programs that are started. */
  duplicate(fd: number): number;
  close(fd: number): void;
  /** The port that a bound socket got. */
  localPort(fd: number): number;
}

export interface ListenRequest {
  readonly ip: Uint8Array;
  readonly port: number;
  readonly backlog: number;
  /** IPv6 only: take IPv4 connections too. */
  readonly ipv4Compat: boolean;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const F_DUPFD_CLOEXEC = 1030;
const SOCKADDR_BYTES = 28;

/** libc through koffi, or the reason why it cannot be had here. */
export function openLibc(): Libc | string {
  if (process.platform !== 'linux') return `no libc calls for ${process.platform}`;
  try {
    return bindLibc();
  } catch (error) {
    return `koffi: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function bindLibc(): Libc {
  const lib = koffi.load(null);
  const socket = lib.func('int socket(int, int, int)');
  const setsockopt = lib.func('int setsockopt(int, int, int, const int *, uint)');
  const bind = lib.func('int bind(int, const uint8_t *, uint)');
  const listen = lib.func('int listen(int, int)');
  const getsockname = lib.func('int getsockname(int, _Out_ uint8_t *, _Inout_ uint *)');
  const fcntl = lib.func('int fcntl(int, int, ...)');
  const close = lib.func('int close(int)');
  const checked = (result: number): number => (result < 0 ? -koffi.errno() : result);

  const prepare = (fd: number, request: ListenRequest): number => {
    const on = (level: number, option: number, value: number): number =>
      checked(setsockopt(fd, level, option, [value], 4));
    const v6 = request.ip.length === 16;
    let result = on(SOL_SOCKET, SO_REUSEADDR, 1);
    if (result >= 0 && v6) result = on(IPPROTO_IPV6, IPV6_V6ONLY, request.ipv4Compat ? 0 : 1);
    const name = encodeSockaddr(request.ip, request.port);
    if (result >= 0) result = checked(bind(fd, name, name.length));
    return result < 0 ? result : checked(listen(fd, request.backlog));
  };
  return {
    listenTcp(request) {
      const family = request.ip.length === 16 ? AF_INET6 : AF_INET;
      const fd = checked(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      if (fd < 0) return fd;
      const result = prepare(fd, request);
      if (result >= 0) return fd;
      close(fd);
      return result;
    },
    duplicate: (fd) => checked(fcntl(fd, F_DUPFD_CLOEXEC, 'int', 0)),
    close: (fd) => void close(fd),
    localPort(fd) {
      const name = new Uint8Array(SOCKADDR_BYTES);
      if (getsockname(fd, name, [SOCKADDR_BYTES]) < 0) return 0;
      return (name[2] << 8) | name[3];
    },
  };
}

/** `sockaddr_in` or `sockaddr_in6`; the family in this machine's byte order (little-endian). */
function encodeSockaddr(ip: Uint8Array, port: number): Uint8Array {
  const v6 = ip.length === 16;
  const bytes = new Uint8Array(v6 ? SOCKADDR_BYTES : 16);
  bytes[0] = v6 ? AF_INET6 : AF_INET;
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
  bytes.set(ip, v6 ? 8 : 4);
  return bytes;
}
