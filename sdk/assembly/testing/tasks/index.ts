import { All } from '@lateen/sdk/assembly/context/all';
import { Fallback } from '@lateen/sdk/assembly/context/fallback';
import { HttpTask } from '@lateen/sdk/assembly/context/http-task';
import { Sequence } from '@lateen/sdk/assembly/context/sequence';
import { Task } from '@lateen/sdk/assembly/context/task';
import {
  connectionMtls,
  connectionTlsVersion,
} from '@lateen/sdk/assembly/host/connection-attributes';
import { nodeId, pluginName } from '@lateen/sdk/assembly/host/node-attributes';
import { matchesPattern, replacePattern } from '@lateen/sdk/assembly/host/patterns';
import { redirect, replyUnauthorized } from '@lateen/sdk/assembly/host/reply';
import {
  requestMethod,
  requestTime,
  requestUrlPath,
} from '@lateen/sdk/assembly/host/request-attributes';
import { sampled } from '@lateen/sdk/assembly/host/sampling';
import { sourcePort } from '@lateen/sdk/assembly/host/source-attributes';
import {
  CONTINUE,
  continueRequest,
  HttpContext,
  PAUSE,
  registerHttp,
  requestHeaders,
} from '@lateen/sdk/assembly/index';
import { nowMs } from '@lateen/sdk/assembly/time/clock';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/http-call';
export * from '@lateen/sdk/assembly/exports/request-headers';

/** A filter that does what `x-do` asks for: tasks.test.ts plays it on the real host. */

/** Lets the request go on when its only part has ended, and shows how. */
class Held extends Task {
  private readonly part: Task;

  constructor(part: Task) {
    super();
    this.part = part;
  }

  start(): void {
    this.run(this.part);
  }

  onPart(part: Task): void {
    this.end(part.succeeded);
  }

  onDone(succeeded: bool): void {
    requestHeaders.set('x-result', succeeded.toString());
    continueRequest();
  }
}

class Tasks extends HttpContext {
  onRequestHeaders(count: i32, end: bool): i32 {
    const wish = requestHeaders.get('x-do');
    if (wish === null) return CONTINUE;
    if (wish === 'attributes') return this.showAttributes();
    if (wish === 'patterns') return this.showPatterns();
    if (wish === 'redirect') {
      redirect('/there', ['a=1', 'b=2']);
      return PAUSE;
    }
    if (wish === 'challenge') {
      replyUnauthorized('Basic realm="x"');
      return PAUSE;
    }
    const held = new Held(this.compose(wish));
    held.start();
    return held.done ? CONTINUE : PAUSE;
  }

  private compose(wish: string): Task {
    const one = this.call('one');
    const two = this.call('two');
    if (wish === 'all') return new All([one, two]);
    if (wish === 'fallback') return new Fallback(one, two);
    if (wish === 'nothing') return new Sequence([]);
    if (wish === 'none') return new All([]);
    if (wish === 'nested')
      return new Sequence([
        new All([one, two]),
        new Fallback(this.call('three'), this.call('four')),
      ]);
    return new Sequence([one, two]);
  }

  private call(cluster: string): HttpTask {
    return HttpTask.get(this.id, cluster, cluster, '/');
  }

  private showAttributes(): i32 {
    const tls = connectionTlsVersion();
    requestHeaders.set('x-tls', tls === null ? 'null' : tls);
    requestHeaders.set('x-mtls', connectionMtls().toString());
    requestHeaders.set('x-port', sourcePort().toString());
    const path = requestUrlPath();
    const method = requestMethod();
    requestHeaders.set(
      'x-line',
      (method === null ? '' : method) + ' ' + (path === null ? '' : path),
    );
    requestHeaders.set('x-late', (nowMs() - requestTime() / 1000000).toString());
    const node = nodeId();
    requestHeaders.set('x-node', node === null ? 'null' : node);
    const name = pluginName();
    requestHeaders.set('x-plugin', name === null ? 'null' : name);
    requestHeaders.set('x-sampled', sampled(100).toString() + sampled(0).toString());
    return CONTINUE;
  }

  private showPatterns(): i32 {
    for (let i = 0; i < 3; i++) {
      requestHeaders.set('x-match', matchesPattern('abc123', '[a-z]+\\d+').toString());
    }
    requestHeaders.set('x-part', matchesPattern('abc123!', '[a-z]+\\d+').toString());
    requestHeaders.set('x-bad', matchesPattern('(', '(').toString());
    requestHeaders.set('x-replaced', replacePattern('/users/17', '\\d+', ':id'));
    requestHeaders.set('x-kept', replacePattern('same', '(', 'x'));
    return CONTINUE;
  }
}

registerHttp((id) => new Tasks(id));
