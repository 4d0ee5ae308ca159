import * as action from '@lateen/sdk/abi/action';
import { expect, test } from 'vitest';
import { headerName } from '../http/header-map.ts';
import { FakeStream } from './fixtures/fake-stream.ts';
import { openAssembly } from './fixtures/open-vm.ts';

const ADD_HEADER = `
const NAME = new Text('x-hello');
const VALUE = new Text('world');
export function proxy_on_context_create(id: i32, parent: i32): void { say(2, 'create ' + id.toString() + ' of ' + parent.toString()); }
export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  say(2, 'request ' + count.toString() + ' ' + end.toString());
  setHeader(0, NAME, VALUE);
  return 1;
}
export function proxy_on_response_headers(id: i32, count: i32, end: i32): i32 { return 77; }
export function proxy_on_done(id: i32): i32 { say(2, 'done ' + id.toString()); return 1; }
export function proxy_on_log(id: i32): void { say(2, 'log ' + id.toString()); }
export function proxy_on_delete(id: i32): void { say(2, 'delete ' + id.toString()); }
`;

for (const trusted of [true, false]) {
  test(`a module edits the headers of its stream and is called in order (trusted ${trusted})`, async () => {
    const { root, services } = await openAssembly(ADD_HEADER, { trusted });
    const stream = new FakeStream();
    const context = root.openStream(stream);
    expect(context.onRequestHeaders(stream.request.count, true)).toBe(action.PAUSE);
    expect(context.onResponseHeaders(2, false)).toBe(action.PAUSE);
    expect(context.onRequestBody(5, false)).toBe(action.CONTINUE);
    expect(stream.request.get(headerName('x-hello'))).toBe('world');
    context.close(true);
    root.close();
    expect(services.lines).toEqual([
      'info create 1 of 0',
      'info create 2 of 1',
      'info request 7 1',
      'info done 2',
      'info log 2',
      'info delete 2',
      'info done 1',
      'info delete 1',
    ]);
  });
}
