import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Json, JsonObject } from '../base/json.ts';
import { openRegistry } from './registry.ts';
import { CLUSTER, LISTENER, ROUTE_CONFIGURATION } from './type-urls.ts';

const registry = openRegistry();
const typeUrls = fc.constantFrom(CLUSTER, LISTENER, ROUTE_CONFIGURATION);

it('never throws for bytes, whatever they are', () => {
  fc.assert(
    fc.property(typeUrls, fc.uint8Array({ maxLength: 200 }), (typeUrl, bytes) => {
      const decoded = registry.decode(typeUrl, bytes);
      if (!decoded.ok) expect(decoded.error.code).toMatch(/^LAT060[3-5]$/);
    }),
  );
});

it('never throws for a message that was damaged on the way', () => {
  const whole = registry.encode({
    '@type': CLUSTER,
    name: 'a',
    connectTimeout: '1s',
    metadata: { filterMetadata: { x: { y: [1, 'z', null, { w: true }] } } },
    typedExtensionProtocolOptions: { o: { '@type': CLUSTER, name: 'inner' } },
  });
  if (!whole.ok) throw new Error(whole.error.message);
  const { value } = whole.value;
  fc.assert(
    fc.property(fc.nat(value.length - 1), fc.nat(255), fc.nat(value.length), (at, byte, end) => {
      const damaged = Uint8Array.from(value);
      damaged[at] = byte;
      registry.decode(CLUSTER, damaged);
      registry.decode(CLUSTER, value.subarray(0, end));
    }),
  );
});

it('never throws for JSON, and what it takes it takes again the same', () => {
  const keys = fc.constantFrom(
    'name',
    'type',
    'lb_policy',
    'metadata',
    'loadAssignment',
    'edsConfig',
  );
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.double(),
      fc.string(),
      fc.constantFrom('STATIC', 'EDS', '1s', CLUSTER),
      fc.array(tie('json'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(keys, fc.string()), tie('json'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(keys, json), (body) => {
      const first = registry.normalize({ '@type': CLUSTER, name: 'a', ...body } as JsonObject);
      if (first.json === null) return;
      expect(registry.normalize(first.json)).toEqual(first);
    }),
  );
});
