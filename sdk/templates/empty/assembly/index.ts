import { CONTINUE, HttpContext, registerHttp } from '@lateen/sdk/assembly/index';

// What is exported here is what the host calls; sdk/assembly/exports has one file for each phase.
export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/request-headers';

class Empty extends HttpContext {
  onRequestHeaders(count: i32, end: bool): i32 {
    return CONTINUE;
  }
}

registerHttp((id) => new Empty(id));
