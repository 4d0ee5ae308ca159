/**
 * The module of `lateen conformance`: a header of each request names a case. Cases of host calls
 * answer from here, `pass` or what was wrong; cases of phases leave traces on the way.
 */
import {
  CONTINUE,
  HttpContext,
  PAUSE,
  registerHttp,
  requestBody,
  requestHeaders,
  responseBody,
  responseHeaders,
  sendLocalReply,
} from '@lateen/sdk/assembly/index';
import { runHostCall } from './host-calls';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/request-body';
export * from '@lateen/sdk/assembly/exports/request-headers';
export * from '@lateen/sdk/assembly/exports/response-body';
export * from '@lateen/sdk/assembly/exports/response-headers';

class Driver extends HttpContext {
  name: string = '';

  onRequestHeaders(count: i32, end: bool): i32 {
    const name = requestHeaders.get('x-conformance-case');
    if (name === null) return CONTINUE;
    this.name = name;
    if (name.startsWith('call ')) {
      sendLocalReply(200, runHostCall(name.substring(5)));
      return PAUSE;
    }
    if (name === 'reply in request headers') {
      sendLocalReply(418, 'from request headers', ['x-reply', 'one']);
      return PAUSE;
    }
    requestHeaders.set('x-seen-request', name);
    // Paused at its head, a stream shows no body: Envoy holds all of it.
    if (name === 'request body') requestHeaders.remove('content-length');
    return CONTINUE;
  }

  onRequestBody(size: i32, end: bool): i32 {
    if (!end && this.name !== '') return PAUSE;
    if (this.name === 'reply in request body') {
      sendLocalReply(418, 'from request body');
      return PAUSE;
    }
    if (this.name === 'request body') requestBody.replace('changed on the way');
    return CONTINUE;
  }

  onResponseHeaders(count: i32, end: bool): i32 {
    if (this.name === '') return CONTINUE;
    if (this.name === 'reply in response headers') {
      sendLocalReply(418, 'from response headers');
      return PAUSE;
    }
    responseHeaders.set('x-seen-response', this.name);
    if (this.name === 'response body') responseHeaders.remove('content-length');
    return CONTINUE;
  }

  onResponseBody(size: i32, end: bool): i32 {
    if (this.name !== 'response body') return CONTINUE;
    if (!end) return PAUSE;
    responseBody.replace('changed on the way back');
    return CONTINUE;
  }
}

registerHttp((id) => new Driver(id));
