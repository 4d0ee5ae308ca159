import { enter, leave } from '@lateen/sdk/assembly/arena';
import {
  addShared,
  createShared,
  getShared,
  hasShared,
  removeShared,
  removeSharedIf,
  setShared,
  setSharedFor,
  sharedSum,
} from '@lateen/sdk/assembly/host/shared-data';
import { SharedKeys } from '@lateen/sdk/assembly/host/shared-keys';
import { SharedQueue } from '@lateen/sdk/assembly/host/shared-queue';
import {
  CONTINUE,
  HttpContext,
  info,
  RootContext,
  registerRoot,
  requestHeaders,
} from '@lateen/sdk/assembly/index';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/queue';
export * from '@lateen/sdk/assembly/exports/request-headers';

/** A filter that shares what the header `x-do` says: sharing.test.ts plays it on the real host. */

class Sharing extends RootContext {
  queue: SharedQueue | null = null;

  onConfigure(size: i32): bool {
    this.queue = SharedQueue.register('work');
    return true;
  }

  createHttp(id: i32): HttpContext {
    return new SharingStream(id);
  }

  onQueueReady(queue: u32): void {
    const item = this.queue!.dequeue();
    info('{} {}', queue === this.queue!.id ? 'got' : 'strange', item === null ? 'nothing' : item);
  }
}

class SharingStream extends HttpContext {
  onRequestHeaders(count: i32, end: bool): i32 {
    const wish = requestHeaders.get('x-do');
    const key = requestHeaders.get('x-key');
    if (wish === null || key === null) return CONTINUE;
    if (wish === 'queue') show('queued', fillQueue(key));
    else show('result', share(wish, key));
    return CONTINUE;
  }
}

function share(wish: string, key: string): string {
  if (wish === 'set') return setShared(key, 'lasting').toString();
  if (wish === 'set-for') return setSharedFor(key, 'timed', 1000).toString();
  if (wish === 'create') return createShared(key, 'created').toString();
  if (wish === 'has') return hasShared(key).toString();
  if (wish === 'remove') return removeShared(key).toString();
  if (wish === 'add') return addShared(key, 5, 1000) ? sharedSum.toString() : 'refused';
  if (wish === 'list') return listed(key);
  const read = getShared(key);
  if (read === null) return 'null';
  if (wish === 'remove-stale') {
    setShared(key, 'newer');
    return removeSharedIf(key, read).toString() + removeSharedIf(key, getShared(key)!).toString();
  }
  return read.text;
}

function listed(prefix: string): string {
  const texts: string[] = [];
  const keys = new SharedKeys().open(prefix);
  while (keys.next()) texts.push(keys.key.toString());
  return texts.sort().join(' ');
}

function fillQueue(item: string): string {
  const queue = SharedQueue.resolve('', 'work');
  if (queue === null || SharedQueue.resolve('', 'none') !== null) return 'wrong';
  return queue.enqueue(item).toString() + queue.enqueue(item + '!').toString();
}

function show(name: string, value: string): void {
  requestHeaders.set('x-' + name, value);
}

/** What the functions write, for the vectors. */

export function vectorSet(): void {
  enter();
  setSharedFor('a/key', 'value', 60000);
  leave();
}

export function vectorAdd(): void {
  enter();
  addShared('a/sum', -2, 1000);
  leave();
}

export function vectorExists(): void {
  enter();
  hasShared('a/key');
  leave();
}

export function vectorList(): void {
  enter();
  new SharedKeys().open('a/');
  leave();
}

export function vectorDelete(): void {
  enter();
  removeShared('a/key');
  leave();
}

registerRoot((id) => new Sharing(id));
