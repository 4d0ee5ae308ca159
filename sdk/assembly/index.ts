/**
 * The front door for filters written with contexts and strings. What not every filter needs is
 * imported from its own file, so that it costs the others no byte: `host/metrics`,
 * `host/property`, `host/shared-data`, `host/regex`, `host/lateen`, `json/configuration`,
 * `context/http-call`. README.md has the list.
 */
export {
  BODY_STOP_AND_WATERMARK,
  BODY_STOP_NO_BUFFER,
  CONTINUE,
  HEADERS_CONTINUE_AND_END_STREAM,
  HEADERS_STOP_ALL_AND_BUFFER,
  HEADERS_STOP_ALL_AND_WATERMARK,
  PAUSE,
} from '../abi/action';
export { HttpContext } from './context/http-context';
export { registerHttp, registerRoot } from './context/registry';
export { RootContext } from './context/root-context';
export { requestBody, responseBody } from './host/body';
export {
  requestHeaders,
  requestTrailers,
  responseHeaders,
  responseTrailers,
} from './host/header-map';
export { sendLocalReply } from './host/local-reply';
export { debug, error, info, logs, trace, warn } from './host/log';
export { closeStream, continueRequest, continueResponse, now } from './host/stream';
