import {
  callBody,
  callHeaders,
  HttpCallHandler,
  httpCall,
} from '@lateen/sdk/assembly/context/http-call';
import { hasFeature } from '@lateen/sdk/assembly/host/foreign';
import { setResponseFlags, setStreamTimer } from '@lateen/sdk/assembly/host/lateen';
import { Counter, Gauge, Histogram } from '@lateen/sdk/assembly/host/metrics';
import { Property } from '@lateen/sdk/assembly/host/property';
import { Regex } from '@lateen/sdk/assembly/host/regex';
import { getShared, replaceShared, setShared } from '@lateen/sdk/assembly/host/shared-data';
import { setTickPeriod } from '@lateen/sdk/assembly/host/stream';
import {
  CONTINUE,
  closeStream,
  continueRequest,
  debug,
  HttpContext,
  info,
  logs,
  PAUSE,
  RootContext,
  registerRoot,
  requestBody,
  requestHeaders,
  responseBody,
  responseHeaders,
  sendLocalReply,
} from '@lateen/sdk/assembly/index';
import {
  acceptConfiguration,
  readConfigurationJson,
} from '@lateen/sdk/assembly/json/configuration';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/http-call';
export * from '@lateen/sdk/assembly/exports/log';
export * from '@lateen/sdk/assembly/exports/request-body';
export * from '@lateen/sdk/assembly/exports/request-headers';
export * from '@lateen/sdk/assembly/exports/response-body';
export * from '@lateen/sdk/assembly/exports/response-headers';
export * from '@lateen/sdk/assembly/exports/tick';
export * from '@lateen/sdk/assembly/exports/timer';

/** A filter that does what the header `x-do` asks for: probe.test.ts plays it on the real host. */

const SOURCE = Property.of('source.address');
const PORT = Property.of('source.port');
const MTLS = Property.of('connection.mtls');
const ABSENT = Property.of('no.such.thing');
const STATE = Property.of('wasm_seen');
const requests = new Counter('requests', ['kind', 'probe']);
const level = new Gauge('level');
const sizes = new Histogram('sizes');
const ticks = new Counter('ticks');

class Probe extends RootContext {
  greeting: string = '';

  onConfigure(size: i32): bool {
    const reader = readConfigurationJson();
    if (reader === null) return false;
    this.greeting = reader.text('greeting', 'hello');
    const period = reader.integer('tickMs');
    const limits = reader.child('limits');
    limits.integer('sizeMax', 10);
    limits.refuseUnread();
    reader.texts('names');
    reader.refuseUnread();
    if (period > 0) setTickPeriod(<u32>period);
    return acceptConfiguration(reader);
  }

  createHttp(id: i32): HttpContext {
    return new ProbeStream(id, this);
  }

  onTick(): void {
    ticks.increment();
  }
}

class Answer extends HttpCallHandler {
  onResponse(headerCount: i32, bodySize: i32, trailerCount: i32): void {
    const status = callHeaders.get(':status');
    requestHeaders.set('x-call', headerCount === 0 || status === null ? 'failed' : status);
    requestHeaders.set('x-call-body', callBody.text());
    continueRequest();
  }
}

class ProbeStream extends HttpContext {
  private readonly probe: Probe;
  private wish: string = '';

  constructor(id: i32, probe: Probe) {
    super(id);
    this.probe = probe;
  }

  onRequestHeaders(count: i32, end: bool): i32 {
    const wish = requestHeaders.get('x-do');
    if (wish === null) return CONTINUE;
    this.wish = wish;
    if (wish === 'greet') requestHeaders.set('x-greeting', this.probe.greeting);
    else if (wish === 'headers') editHeaders();
    else if (wish === 'properties') showProperties();
    else if (wish === 'shared') countShared();
    else if (wish === 'metrics') measure();
    else if (wish === 'lateen') useLateen();
    else if (wish === 'log') writeLog();
    else return this.stopFor(wish);
    return CONTINUE;
  }

  onRequestBody(size: i32, end: bool): i32 {
    if (!end) return this.wish === 'body' ? PAUSE : CONTINUE;
    if (this.wish !== 'body') return CONTINUE;
    const text = requestBody.text();
    requestBody.replace(text.toUpperCase());
    requestBody.prepend('<');
    requestBody.append('>');
    requestBody.spliceText(1, 1, '[' + text.charAt(0) + ']');
    return CONTINUE;
  }

  onResponseHeaders(count: i32, end: bool): i32 {
    if (this.wish === 'response') {
      responseHeaders.set('x-seen', 'yes');
      responseHeaders.remove('content-length');
    }
    return CONTINUE;
  }

  onResponseBody(size: i32, end: bool): i32 {
    if (this.wish === 'response' && end) responseBody.append(' (seen)');
    return CONTINUE;
  }

  onTimer(): void {
    requestHeaders.set('x-timer', 'fired');
    continueRequest();
  }

  onLog(): void {
    if (this.wish === 'onlog') info('over: {}', responseHeaders.get(':status')!);
  }

  private stopFor(wish: string): i32 {
    if (wish === 'reply') {
      sendLocalReply(403, 'no entry', ['x-why', 'probe'], 'probe_denied');
    } else if (wish === 'timer') {
      setStreamTimer(100);
    } else if (wish === 'close') {
      closeStream();
    } else if (wish === 'call') {
      const headers = [':method', 'GET', ':path', '/', ':authority', 'side'];
      if (!httpCall(this.id, 'side', headers, '', 1000, new Answer())) {
        requestHeaders.set('x-call', 'refused');
        return CONTINUE;
      }
    } else if (wish === 'abort') {
      const names: string[] = [];
      requestHeaders.set('x-never', names[3]);
    } else {
      return CONTINUE;
    }
    return PAUSE;
  }
}

function show(name: string, value: string | null): void {
  requestHeaders.set('x-' + name, value === null ? 'null' : value);
}

function editHeaders(): void {
  show('all', requestHeaders.getAll('X-Many').join('|'));
  show('absent', requestHeaders.get('x-absent'));
  show('has', requestHeaders.has('x-many').toString());
  requestHeaders.remove('x-gone');
  requestHeaders.add('x-many', 'three');
  show('bad', requestHeaders.set('x bad', 'v').toString());
  show('pairs', (requestHeaders.pairs().length / 2).toString());
}

function showProperties(): void {
  show('source', SOURCE.text());
  show('port', PORT.integer(-1).toString());
  show('mtls', MTLS.flag(true).toString());
  show('absent', ABSENT.text());
  show('fallback', ABSENT.integer(-7).toString());
  STATE.set('kept');
  show('state', STATE.text());
}

function countShared(): void {
  const read = getShared('count');
  if (read === null) {
    setShared('count', '1');
    return;
  }
  show('shared', read.text);
  show('replaced', replaceShared('count', read.text + '1', read).toString());
  show('stale', replaceShared('count', 'x', read).toString());
}

function measure(): void {
  requests.increment();
  requests.increment(2);
  level.set(5);
  level.add(-2);
  sizes.record(17);
  show('count', requests.value.toString());
  show('level', level.value.toString());
}

function useLateen(): void {
  show('feature', hasFeature('lateen.header_values').toString());
  show('no-feature', hasFeature('lateen.nothing').toString());
  show('flags', setResponseFlags(8).toString());
  show('regex', (Regex.compile('a+b') !== null).toString());
  show('bad-regex', (Regex.compile('(') !== null).toString());
}

function writeLog(): void {
  debug('{} met {}', 'one', 'two');
  info('plain');
  show('debugs', logs(1).toString());
}

registerRoot((id) => new Probe(id));
