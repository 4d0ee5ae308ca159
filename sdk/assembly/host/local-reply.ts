import { OK } from '../../abi/status';
import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { utf8, utf8Size } from '../bytes/text';
import { proxy_send_local_response } from '../env';
import { encodePairs, pairsSize } from './pairs';

const NO_GRPC_STATUS = -1;

/**
 * Answers the request from here; nothing goes on to the upstream. `headers` are names and values
 * by turns. Return PAUSE from the callback afterwards.
 */
export function sendLocalReply(
  status: i32,
  body: string = '',
  headers: Array<string> = [],
  details: string = '',
  grpcStatus: i32 = NO_GRPC_STATUS,
): bool {
  const text = utf8(body);
  const textSize = utf8Size;
  const reason = utf8(details);
  const reasonSize = utf8Size;
  const pairs = encodePairs(headers);
  return (
    proxy_send_local_response(
      status,
      reason,
      reasonSize,
      text,
      textSize,
      pairs,
      pairsSize,
      grpcStatus,
    ) === OK
  );
}

/** The byte level: one extra header, no gRPC status. */
export function replyWithHeader(status: i32, details: Bytes, name: Bytes, value: Bytes): bool {
  const size = 14 + name.size + value.size;
  const pairs = allocate(size);
  store<u32>(pairs, 1);
  store<u32>(pairs, name.size, 4);
  store<u32>(pairs, value.size, 8);
  memory.copy(pairs + 12, name.pointer, name.size);
  store<u8>(pairs + 12 + name.size, 0);
  memory.copy(pairs + 13 + name.size, value.pointer, value.size);
  store<u8>(pairs + 13 + name.size + value.size, 0);
  return (
    proxy_send_local_response(
      status,
      details.pointer,
      details.size,
      0,
      0,
      pairs,
      size,
      NO_GRPC_STATUS,
    ) === OK
  );
}

/** The byte level: no extra headers, no gRPC status. */
export function replyWith(status: i32, details: Bytes, body: Bytes): bool {
  return (
    proxy_send_local_response(
      status,
      details.pointer,
      details.size,
      body.pointer,
      body.size,
      0,
      0,
      NO_GRPC_STATUS,
    ) === OK
  );
}
