import { IdMap } from '../bytes/id-map';
import { HttpContext } from './http-context';
import { RootContext } from './root-context';

let makeRoot: ((id: i32) => RootContext) | null = null;
let makeHttp: ((id: i32) => HttpContext) | null = null;
/** A module has one root per place where it is used: a handful, so a list. */
let roots: RootContext | null = null;
const streams = new IdMap<HttpContext | null>();

/** Registers a filter that has a configuration or other state of its own. */
export function registerRoot(factory: (id: i32) => RootContext): void {
  makeRoot = factory;
}

/** Registers a filter that only looks at streams. */
export function registerHttp(factory: (id: i32) => HttpContext): void {
  makeHttp = factory;
}

/** What `proxy_on_context_create` does. */
export function createContext(id: i32, parent: i32): void {
  if (parent === 0) {
    const make = makeRoot;
    const root = make === null ? new RootContext(id) : make(id);
    root.next = roots;
    roots = root;
    return;
  }
  const root = rootOf(parent);
  if (root === null) return;
  const make = makeHttp;
  streams.set(id, make === null ? root.createHttp(id) : make(id));
}

/** Null for an id that the host has not told of: callbacks then do nothing. */
export function rootOf(id: i32): RootContext | null {
  let root = roots;
  while (root !== null && root.id !== id) root = root.next;
  return root;
}

/** The context of a stream, or null. */
export function streamOf(id: i32): HttpContext | null {
  return streams.get(id, null);
}

/** What `proxy_on_delete` does. */
export function deleteContext(id: i32): void {
  const stream = streams.get(id, null);
  if (stream !== null) {
    stream.onDelete();
    streams.remove(id);
    return;
  }
  const root = rootOf(id);
  if (root === null) return;
  root.onDelete();
  removeRoot(root);
}

function removeRoot(root: RootContext): void {
  let before = roots;
  if (before === root) {
    roots = root.next;
    return;
  }
  while (before !== null) {
    if (before.next === root) {
      before.next = root.next;
      return;
    }
    before = before.next;
  }
}
