import { expect, test } from 'vitest';
import { Delivery } from './delivery.ts';
import type { EncodedResource } from './snapshot.ts';
import type { Plan } from './subscription.ts';
import { LISTENER_TYPE } from './type-urls.ts';

function plan(versions: Readonly<Record<string, string>>): Plan {
  const resources = Object.entries(versions).map(
    ([name, version]): EncodedResource => ({
      typeUrl: LISTENER_TYPE,
      name,
      version,
      json: {},
      delta: Buffer.alloc(0),
      sotw: Buffer.alloc(0),
    }),
  );
  return { resources, removed: [] };
}

test('a type is stale until every answer is acknowledged', () => {
  const delivery = new Delivery();
  expect(delivery.view('*').state).toBe('not-sent');
  delivery.onSent('1', plan({ a: '1' }), 10);
  delivery.onSent('2', plan({ b: '1' }), 11);
  delivery.onAck('1', 12);
  expect(delivery.view('*').state).toBe('stale');
  delivery.onAck('2', 13);
  expect(delivery.view('*').state).toBe('synced');
});

test('a refusal is charged to the resources its text names, the others count as taken', () => {
  const delivery = new Delivery();
  delivery.onSent('1', plan({ 'http|a': '1', 'http|a|b': '1', c: '1' }), 10);
  delivery.onNack('1', 'http|a|b: routes[0]: is not supported', 12);
  const view = delivery.view('*');
  expect(view.state).toBe('refused');
  expect(view.refusal?.resources).toEqual(['http|a|b']);
  expect(view.resources.get('http|a')?.acked).toBe('1');
  expect(view.resources.get('http|a|b')).toMatchObject({ acked: undefined, sent: '1' });
});

test('a refusal that names nothing is charged to the whole answer', () => {
  const delivery = new Delivery();
  delivery.onSent('1', plan({ a: '1', b: '1' }), 10);
  expect(delivery.onNack('1', 'no', 12)?.resources).toEqual(['a', 'b']);
});

test('a good version after a refused one makes the type synced again', () => {
  const delivery = new Delivery();
  delivery.onSent('1', plan({ a: '1' }), 10);
  delivery.onNack('1', 'a: no', 11);
  delivery.onSent('2', plan({ a: '2' }), 12);
  delivery.onAck('2', 13);
  expect(delivery.view('*')).toMatchObject({ state: 'synced', refusal: undefined });
});

test('nonces that were never sent, or sent before, say nothing', () => {
  const delivery = new Delivery();
  delivery.onSent('1', plan({ a: '1' }), 10);
  expect(delivery.onAck('9', 11)).toBe(false);
  expect(delivery.onAck('1', 11)).toBe(true);
  expect(delivery.onNack('1', 'late', 12)).toBeUndefined();
  expect(delivery.view('*').state).toBe('synced');
});

test('what a proxy holds when it comes back counts as taken, until other versions are sent', () => {
  const delivery = new Delivery();
  delivery.onHeld(new Map([['a', '1']]), 10);
  expect(delivery.view('*')).toMatchObject({ state: 'synced', sentAt: undefined, ackedAt: 10 });
  expect(delivery.view('*').resources.get('a')?.acked).toBe('1');
  delivery.onSent('1', plan({ a: '2' }), 11);
  expect(delivery.view('*').state).toBe('stale');
  expect(delivery.view('*').resources.get('a')).toMatchObject({ sent: '2', acked: '1' });
  delivery.onHeld(new Map([['a', '9']]), 12);
  expect(delivery.view('*').resources.get('a')).toMatchObject({ sent: '2', acked: '1' });
});
