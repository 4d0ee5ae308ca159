import { type HeaderMap, headerName } from '../http/header-map.ts';
import type { HttpStream } from './stream.ts';

const SERVER = headerName('server');
const DATE = headerName('date');
const REQUEST_ID = headerName('x-request-id');

/** What the connection manager adds to each response: server, date, and the request id if asked. */
export function finishResponseHead(stream: HttpStream, head: HeaderMap): void {
  const { hcm } = stream.service;
  if (hcm.serverHeader === 'overwrite') head.setName(SERVER, serverBytes(hcm.serverName));
  else if (hcm.serverHeader === 'append-if-absent' && !head.has(SERVER)) {
    head.setName(SERVER, serverBytes(hcm.serverName));
  }
  if (!head.has(DATE)) head.setName(DATE, httpDate(stream.info.startedWall));
  if (hcm.requestId.inResponse) {
    const id = stream.request?.get(REQUEST_ID) ?? null;
    if (id !== null) head.setName(REQUEST_ID, id);
  }
  stream.info.responseHeadBytes = head.bytes;
}

let serverText = '';
let server: Uint8Array = Buffer.alloc(0);

/** The name's bytes, made when it is another one than last time. */
function serverBytes(name: string): Uint8Array {
  if (name !== serverText) {
    serverText = name;
    server = Buffer.from(name);
  }
  return server;
}

let dateSecond = -1;
let date: Uint8Array = Buffer.alloc(0);

/** IMF-fixdate (RFC 9110 5.6.7), made once a second. */
function httpDate(wallMs: number): Uint8Array {
  const second = Math.floor(wallMs / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = Buffer.from(new Date(second * 1000).toUTCString());
  }
  return date;
}
