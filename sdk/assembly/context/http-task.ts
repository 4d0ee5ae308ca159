import { callBody, callHeaders, HttpCallHandler, httpCall } from './http-call';
import { Task } from './task';

/**
 * One HTTP call as a task. It succeeds with a status of 200 to 299; afterwards `status` and `body`
 * say what came (0 and empty: nothing, or not in time). Export `exports/http-call` with it.
 */
export class HttpTask extends Task {
  readonly context: i32;
  readonly cluster: string;
  readonly headers: Array<string>;
  readonly request: string;
  readonly timeoutMs: u32;
  status: i32 = 0;
  body: string = '';

  /** `headers` are names and values by turns, with `:method`, `:path` and `:authority`. */
  constructor(
    context: i32,
    cluster: string,
    headers: Array<string>,
    request: string = '',
    timeoutMs: u32 = 5000,
  ) {
    super();
    this.context = context;
    this.cluster = cluster;
    this.headers = headers;
    this.request = request;
    this.timeoutMs = timeoutMs;
  }

  /** A GET. */
  static get(context: i32, cluster: string, authority: string, path: string): HttpTask {
    const headers = [':method', 'GET', ':path', path, ':authority', authority];
    return new HttpTask(context, cluster, headers);
  }

  start(): void {
    const handler = new HttpTaskHandler(this);
    const sent = httpCall(
      this.context,
      this.cluster,
      this.headers,
      this.request,
      this.timeoutMs,
      handler,
    );
    if (!sent) this.end(false);
  }

  /** Called with the answer; override it to read more of it, and call this one at the end. */
  onAnswer(headerCount: i32, bodySize: i32): void {
    const status = callHeaders.get(':status');
    this.status = status === null || headerCount === 0 ? 0 : <i32>I32.parseInt(status);
    this.body = bodySize === 0 ? '' : callBody.text();
    this.end(this.status >= 200 && this.status < 300);
  }
}

/** Leads the answer back to its task. */
class HttpTaskHandler extends HttpCallHandler {
  private readonly task: HttpTask;

  constructor(task: HttpTask) {
    super();
    this.task = task;
  }

  onResponse(headerCount: i32, bodySize: i32, trailerCount: i32): void {
    this.task.onAnswer(headerCount, bodySize);
  }
}
