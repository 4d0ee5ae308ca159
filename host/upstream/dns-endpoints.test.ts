import type { JsonObject } from '@lateen/sdk/base/json';
import { ok } from '@lateen/sdk/base/result';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { ClusterBench, clusterConfig, lbEndpoints } from '../testing/cluster-bench.ts';
import type { ClusterConfig } from './cluster-config.ts';
import type { ClusterManager } from './cluster-manager.ts';
import type { DnsAnswer, ResolveName } from './dns.ts';

const closing: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function open(resolve: ResolveName) {
  const bench = new ClusterBench({ clock: new SteppedClock(), resolve });
  closing.push(() => bench.manager.close());
  return bench;
}

describe('clusters with endpoints from DNS', () => {
  /** Answers as the test sets them; each call waits until the test lets it go. */
  function scripted() {
    let answer: Awaited<ReturnType<ResolveName>> = ok({ addresses: [], ttlMs: null });
    const asked: string[] = [];
    const resolve: ResolveName = (name, family) => {
      asked.push(`${name} ${family}`);
      return Promise.resolve(answer);
    };
    const say = (addresses: readonly string[], ttlMs: number | null = null): void => {
      answer = ok({ addresses, ttlMs } satisfies DnsAnswer);
    };
    const fail = (reason: string): void => {
      answer = { ok: false, error: reason };
    };
    return { resolve, asked, say, fail };
  }

  const dns = (part: JsonObject = {}): ClusterConfig =>
    clusterConfig({
      type: 'STRICT_DNS',
      loadAssignment: { endpoints: [{ lbEndpoints: lbEndpoints([80], 'app.test') }] },
      ...part,
    });
  const addresses = (manager: ClusterManager): readonly string[] =>
    manager.status()[0].hosts.map((host) => host.host);

  it('use every address of the answer, and follow it', async () => {
    const { resolve, asked, say } = scripted();
    const bench = open(resolve);
    const { manager, clock } = bench;
    say(['10.0.0.2', '10.0.0.1']);
    manager.upsert(dns({ dnsLookupFamily: 'V4_ONLY' }));
    await manager.ready('c');
    expect(addresses(manager)).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(manager.status()[0].hosts[0].hostname).toBe('app.test');
    say(['10.0.0.3']);
    await clock.advanceAndSettle(5000);
    expect(addresses(manager)).toEqual(['10.0.0.3']);
    expect(asked).toEqual(['app.test v4-only', 'app.test v4-only']);
    expect(bench.stat('update_success')).toBe(2);
  });

  it('keep what they had while the name cannot be resolved, asking ever more seldom', async () => {
    const { resolve, asked, say, fail } = scripted();
    const bench = open(resolve);
    const { manager, clock } = bench;
    say(['10.0.0.1']);
    const failure = { baseInterval: '1s', maxInterval: '4s' };
    manager.upsert(dns({ dnsFailureRefreshRate: failure }));
    await manager.ready('c');
    fail('ETIMEOUT');
    await clock.advanceAndSettle(5000);
    expect(addresses(manager)).toEqual(['10.0.0.1']);
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      const delay = clock.nextDueMs ?? 0;
      delays.push(delay);
      await clock.advanceAndSettle(delay);
    }
    const longest = [1000, 2000, 4000, 4000];
    delays.forEach((delay, index) => {
      expect(delay).toBeGreaterThanOrEqual(longest[index] * 0.8);
      expect(delay).toBeLessThanOrEqual(longest[index]);
    });
    expect(asked).toHaveLength(6);
    expect(bench.stat('update_failure')).toBe(5);
    say(['10.0.0.9']);
    await clock.advanceAndSettle(4000);
    expect(addresses(manager)).toEqual(['10.0.0.9']);
  });

  it('are ready after a first failure, with no host', async () => {
    const { resolve, fail } = scripted();
    const bench = open(resolve);
    const { manager } = bench;
    fail('ENOTFOUND');
    manager.upsert(dns());
    await manager.ready('c');
    expect(await bench.probe().outcome).toMatchObject({ failure: 'no-healthy-host' });
  });

  it('ask again when the answer expires, if they are to respect its TTL', async () => {
    const { resolve, asked, say } = scripted();
    const bench = open(resolve);
    const { manager, clock } = bench;
    say(['10.0.0.1'], 30_000);
    manager.upsert(dns({ respectDnsTtl: true }));
    await manager.ready('c');
    await clock.advanceAndSettle(29_999);
    expect(asked).toHaveLength(1);
    say(['10.0.0.1'], 0);
    await clock.advanceAndSettle(1);
    expect(asked).toHaveLength(2);
    expect(clock.nextDueMs).toBe(1000);
  });

  it('stay with the address in use while a LOGICAL_DNS answer holds it', async () => {
    const { resolve, say } = scripted();
    const bench = open(resolve);
    const { manager, clock } = bench;
    say(['10.0.0.1', '10.0.0.2']);
    manager.upsert(dns({ type: 'LOGICAL_DNS' }));
    await manager.ready('c');
    expect(addresses(manager)).toEqual(['10.0.0.1']);
    say(['10.0.0.2', '10.0.0.1']);
    await clock.advanceAndSettle(5000);
    expect(addresses(manager)).toEqual(['10.0.0.1']);
    say(['10.0.0.2']);
    await clock.advanceAndSettle(5000);
    expect(addresses(manager)).toEqual(['10.0.0.2']);
  });

  it('stop asking when they are removed', async () => {
    const { resolve, asked, say } = scripted();
    const bench = open(resolve);
    const { manager, clock } = bench;
    say(['10.0.0.1']);
    manager.upsert(dns());
    await manager.ready('c');
    manager.remove('c');
    await clock.advanceAndSettle(60_000);
    expect(asked).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});
