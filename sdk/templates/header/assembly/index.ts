import { CONTINUE, HttpContext, registerHttp, requestHeaders } from '@lateen/sdk/assembly/index';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/request-headers';

class Header extends HttpContext {
  onRequestHeaders(count: i32, end: bool): i32 {
    requestHeaders.set('x-hello', 'world');
    return CONTINUE;
  }
}

registerHttp((id) => new Header(id));
