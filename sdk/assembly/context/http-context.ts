import { CONTINUE } from '../../abi/action';

/**
 * One HTTP stream as a filter sees it. Override what you need, and export the matching callbacks
 * (sdk/assembly/exports). Callbacks return CONTINUE, PAUSE or another action of sdk/abi/action.ts.
 */
export class HttpContext {
  readonly id: i32;

  constructor(id: i32) {
    this.id = id;
  }

  /** `end`: there is no body. */
  onRequestHeaders(count: i32, end: bool): i32 {
    return CONTINUE;
  }

  /** `size` bytes can be read from `requestBody`. */
  onRequestBody(size: i32, end: bool): i32 {
    return CONTINUE;
  }

  onRequestTrailers(count: i32): i32 {
    return CONTINUE;
  }

  onResponseHeaders(count: i32, end: bool): i32 {
    return CONTINUE;
  }

  onResponseBody(size: i32, end: bool): i32 {
    return CONTINUE;
  }

  onResponseTrailers(count: i32): i32 {
    return CONTINUE;
  }

  /** The timer of `setStreamTimer` fired (Lateen only). */
  onTimer(): void {}

  /** The stream is over; properties and headers can still be read. */
  onLog(): void {}

  /** The last call. */
  onDelete(): void {}
}
