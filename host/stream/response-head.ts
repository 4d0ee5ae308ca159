import { type HeaderMap, headerName } from '../http/header-map.ts';
import type { HttpStream } from './stream.ts';

const SERVER = headerName('server');
const DATE = headerName('date');
const REQUEST_ID = headerName('x-request-id');

/** What the connection manager adds to each response: server, date, and the request id if asked. */
export function finishResponseHead(stream: HttpStream, head: HeaderMap): void {
  const { hcm } = stream.service;
  if (hcm.serverHeader === 'overwrite') head.setName(SERVER, hcm.serverName);
  else if (hcm.serverHeader === 'append-if-absent' && !head.has(SERVER)) {
    head.setName(SERVER, hcm.serverName);
  }
  if (!head.has(DATE)) head.setName(DATE, httpDate(stream.info.startedWall));
  if (hcm.requestId.inResponse) {
    const id = stream.request?.get(REQUEST_ID) ?? null;
    if (id !== null) head.setName(REQUEST_ID, id);
  }
  stream.info.responseHeadBytes = head.bytes;
}

let dateSecond = -1;
let dateText = '';

/** IMF-fixdate (RFC 9110 5.6.7), made once a second. */
function httpDate(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
