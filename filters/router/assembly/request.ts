import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { epoch } from '@lateen/sdk/assembly/arena';
import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { FieldSet } from '@lateen/sdk/assembly/host/fields';
import { readHeader } from '@lateen/sdk/assembly/host/headers';
import { streamRandom } from '@lateen/sdk/assembly/host/lateen';

const fields = new FieldSet();
const AUTHORITY = fields.header(REQUEST_HEADERS, ':authority');
const PATH = fields.header(REQUEST_HEADERS, ':path');
/** The client's own time limit: asked for whenever a route is selected, so read with the others. */
export const UPSTREAM_TIMEOUT = fields.header(REQUEST_HEADERS, 'x-envoy-upstream-rq-timeout-ms');
const CONTENT_TYPE = Bytes.of('content-type');
const GRPC = Bytes.of('application/grpc');
const QUESTION_MARK: u8 = 0x3f;
const HASH: u8 = 0x23;
const PLUS: u8 = 0x2b;

/** The request at hand, as far as it was looked at; `read` starts with another one. */
class Request {
  readonly authority: Bytes = new Bytes();
  /** `:path` as it came. */
  readonly target: Bytes = new Bytes();
  /** Without query and fragment: what routes match. */
  readonly path: Bytes = new Bytes();
  private readonly contentType: Bytes = new Bytes();
  private randomAt: u32 = 0;
  private randomValue: u64 = 0;

  read(): void {
    fields.read();
    this.authority.take(AUTHORITY.value);
    const target = this.target.take(PATH.value);
    let size = 0;
    while (size < target.size) {
      const byte = target.byte(size);
      if (byte === QUESTION_MARK || byte === HASH) break;
      size++;
    }
    this.path.point(target.pointer, size);
  }

  /** The stream's random value, asked for once per callback. */
  get random(): u64 {
    if (this.randomAt !== epoch) {
      this.randomAt = epoch;
      this.randomValue = streamRandom();
    }
    return this.randomValue;
  }

  isGrpc(): bool {
    const type = this.contentType;
    if (!readHeader(REQUEST_HEADERS, CONTENT_TYPE, type) || !type.startsWith(GRPC)) return false;
    return type.size === GRPC.size || type.byte(GRPC.size) === PLUS;
  }
}

export const request = new Request();
