import { describe, expect, test } from 'vitest';
import { DeltaSubscription } from './delta-subscription.ts';
import type { EncodedResource, ResourcesByName } from './snapshot.ts';
import { SotwSubscription } from './sotw-subscription.ts';
import type { DiscoveryRequest, Plan } from './subscription.ts';
import { NO_DUTY } from './subscription.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE } from './type-urls.ts';

function available(typeUrl: string, versions: Readonly<Record<string, string>>): ResourcesByName {
  const entries = Object.entries(versions).map(([name, version]): [string, EncodedResource] => [
    name,
    { typeUrl, name, version, json: {}, delta: Buffer.alloc(0), sotw: Buffer.alloc(0) },
  ]);
  return new Map(entries);
}

function request(parts: Partial<DiscoveryRequest>): DiscoveryRequest {
  const none = { names: [], subscribe: [], unsubscribe: [], held: new Map<string, string>() };
  return { typeUrl: CLUSTER_TYPE, nonce: '', ...none, ...parts };
}

function names(plan: Plan | undefined): unknown {
  return plan && [plan.resources.map(({ name }) => name), plan.removed];
}

describe('delta', () => {
  const ab = available(CLUSTER_TYPE, { a: '1', b: '1' });

  test('a first request without names is a wildcard, answered even when there is nothing', () => {
    const clusters = new DeltaSubscription(CLUSTER_TYPE);
    expect(names(clusters.plan(new Map(), clusters.onRequest(request({}))))).toEqual([[], []]);
    expect(names(clusters.plan(ab, NO_DUTY))).toEqual([['a', 'b'], []]);
    expect(clusters.plan(ab, NO_DUTY)).toBeUndefined();
  });

  test('a first request without names subscribes to no endpoints', () => {
    const endpoints = new DeltaSubscription(ENDPOINT_TYPE);
    const duty = endpoints.onRequest(request({}));
    expect(endpoints.plan(available(ENDPOINT_TYPE, { a: '1' }), duty)).toBeUndefined();
  });

  test('only what changed is sent, and what is gone is removed once', () => {
    const clusters = new DeltaSubscription(CLUSTER_TYPE);
    clusters.plan(ab, clusters.onRequest(request({})));
    const next = available(CLUSTER_TYPE, { a: '2' });
    expect(names(clusters.plan(next, NO_DUTY))).toEqual([['a'], ['b']]);
    expect(clusters.plan(next, NO_DUTY)).toBeUndefined();
  });

  test('a reconnecting proxy gets only what differs from what it says it holds', () => {
    const clusters = new DeltaSubscription(CLUSTER_TYPE);
    const held = new Map([
      ['a', '1'],
      ['b', '0'],
      ['old', '1'],
    ]);
    expect(names(clusters.plan(ab, clusters.onRequest(request({ held }))))).toEqual([
      ['b'],
      ['old'],
    ]);
  });

  test('names held on reconnect are not sent again, a later subscribe to them is', () => {
    const endpoints = new DeltaSubscription(ENDPOINT_TYPE);
    const held = new Map([['a', '1']]);
    const first = endpoints.onRequest(request({ subscribe: ['a'], held }));
    expect(endpoints.plan(ab, first)).toBeUndefined();
    const again = endpoints.onRequest(request({ subscribe: ['a'] }));
    expect(names(endpoints.plan(ab, again))).toEqual([['a'], []]);
  });

  test('an unknown name is answered with its removal, once, and sent when it appears', () => {
    const endpoints = new DeltaSubscription(ENDPOINT_TYPE);
    const duty = endpoints.onRequest(request({ subscribe: ['x'] }));
    expect(names(endpoints.plan(new Map(), duty))).toEqual([[], ['x']]);
    expect(endpoints.plan(new Map(), NO_DUTY)).toBeUndefined();
    const appeared = available(ENDPOINT_TYPE, { x: '1' });
    expect(names(endpoints.plan(appeared, NO_DUTY))).toEqual([['x'], []]);
  });

  test('after unsubscribing a name is neither sent nor removed', () => {
    const endpoints = new DeltaSubscription(ENDPOINT_TYPE);
    endpoints.plan(ab, endpoints.onRequest(request({ subscribe: ['a', 'b'] })));
    endpoints.onRequest(request({ unsubscribe: ['a', 'never-asked'] }));
    expect(endpoints.plan(available(ENDPOINT_TYPE, { b: '1' }), NO_DUTY)).toBeUndefined();
  });

  test('unsubscribing a name under a wildcard is answered with the resource or its removal', () => {
    const clusters = new DeltaSubscription(CLUSTER_TYPE);
    clusters.plan(ab, clusters.onRequest(request({ subscribe: ['*', 'a', 'x'] })));
    const duty = clusters.onRequest(request({ unsubscribe: ['a', 'x'] }));
    expect(names(clusters.plan(ab, duty))).toEqual([['a'], []]);
  });

  test('unsubscribing the wildcard keeps the names that were asked for', () => {
    const clusters = new DeltaSubscription(CLUSTER_TYPE);
    clusters.plan(ab, clusters.onRequest(request({ subscribe: ['*', 'a'] })));
    clusters.onRequest(request({ unsubscribe: ['*'] }));
    const next = available(CLUSTER_TYPE, { a: '2', b: '2' });
    expect(names(clusters.plan(next, NO_DUTY))).toEqual([['a'], []]);
  });
});

describe('state of the world', () => {
  const ab = available(CLUSTER_TYPE, { a: '1', b: '1' });

  test('clusters are always sent whole', () => {
    const clusters = new SotwSubscription(CLUSTER_TYPE);
    expect(names(clusters.plan(ab, clusters.onRequest(request({}), '')))).toEqual([['a', 'b'], []]);
    const next = available(CLUSTER_TYPE, { a: '1', b: '2' });
    expect(names(clusters.plan(next, NO_DUTY))).toEqual([['a', 'b'], []]);
    expect(names(clusters.plan(available(CLUSTER_TYPE, {}), NO_DUTY))).toEqual([[], ['a', 'b']]);
  });

  test('of endpoints only what changed is sent', () => {
    const endpoints = new SotwSubscription(ENDPOINT_TYPE);
    endpoints.plan(ab, endpoints.onRequest(request({ names: ['a', 'b'] }), ''));
    const next = available(ENDPOINT_TYPE, { a: '1', b: '2' });
    expect(names(endpoints.plan(next, NO_DUTY))).toEqual([['b'], []]);
    expect(endpoints.plan(available(ENDPOINT_TYPE, { a: '1' }), NO_DUTY)).toBeUndefined();
  });

  test('an acknowledgement is not answered, a grown list is', () => {
    const endpoints = new SotwSubscription(ENDPOINT_TYPE);
    endpoints.plan(ab, endpoints.onRequest(request({ names: ['a'] }), ''));
    const ack = endpoints.onRequest(request({ names: ['a'], nonce: '1' }), '1');
    expect(endpoints.plan(ab, ack)).toBeUndefined();
    const grown = endpoints.onRequest(request({ names: ['a', 'b'], nonce: '1' }), '1');
    expect(names(endpoints.plan(ab, grown))).toEqual([['b'], []]);
  });

  test('a stale nonce changes nothing', () => {
    const endpoints = new SotwSubscription(ENDPOINT_TYPE);
    endpoints.plan(ab, endpoints.onRequest(request({ names: ['a'] }), ''));
    const stale = endpoints.onRequest(request({ names: ['b'], nonce: '1' }), '2');
    expect(endpoints.plan(ab, stale)).toBeUndefined();
    expect(endpoints.nameCount).toBe(1);
  });

  test('an empty list after names unsubscribes from everything', () => {
    const clusters = new SotwSubscription(CLUSTER_TYPE);
    clusters.plan(ab, clusters.onRequest(request({ names: ['a'] }), ''));
    const none = clusters.onRequest(request({ nonce: '1' }), '1');
    expect(clusters.wildcard).toBe(false);
    expect(clusters.plan(available(CLUSTER_TYPE, { a: '2' }), none)).toBeUndefined();
  });

  test('a name that does not exist yet is remembered and sent when it appears', () => {
    const endpoints = new SotwSubscription(ENDPOINT_TYPE);
    const duty = endpoints.onRequest(request({ names: ['x'] }), '');
    expect(endpoints.plan(ab, duty)).toBeUndefined();
    const appeared = available(ENDPOINT_TYPE, { x: '1' });
    expect(names(endpoints.plan(appeared, NO_DUTY))).toEqual([['x'], []]);
  });
});
