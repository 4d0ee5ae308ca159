import type { JsonObject } from '@lateen/sdk/base/json';
import { openRegistry } from '@lateen/sdk/xds/registry';
import { expect, test } from 'vitest';
import { parseWasmFilter } from './wasm-filter.ts';

const CODE = { local: { filename: '/m.wasm' } };

function parse(config: Readonly<Record<string, unknown>>) {
  const json = { config: { vmConfig: { code: CODE }, ...config } };
  return parseWasmFilter('plugin', JSON.parse(JSON.stringify(json)));
}

test('limits and capabilities are read from the configuration', () => {
  const parsed = parse({
    lateenLimits: { memoryBytes: 33_554_432, callouts: 0, fuelPerRequest: 5000 },
    capabilityRestrictionConfig: { allowedCapabilities: { proxy_log: {}, fd_write: {} } },
  });
  expect(parsed).toMatchObject({
    ok: true,
    value: {
      limits: { memoryBytes: 33_554_432, callouts: 0, fuelPerRequest: 5000 },
      capabilities: ['fd_write', 'proxy_log'],
    },
  });
  expect(parse({})).toMatchObject({ ok: true, value: { limits: {}, capabilities: [] } });
});

test('a limit beyond its bounds is refused with its path and its name', () => {
  for (const [name, value] of [
    ['fuelPerCallback', 50_000_000],
    ['memoryBytes', 100],
    ['streams', 0],
  ] as const) {
    const parsed = parse({ lateenLimits: { [name]: value } });
    expect(parsed).toMatchObject({
      ok: false,
      error: { origin: { path: `typed_config.config.lateenLimits.${name}` } },
    });
  }
});

test('who does not know the field of the limits reads all others as they are', () => {
  const registry = openRegistry();
  const type = 'type.googleapis.com/envoy.extensions.wasm.v3.PluginConfig';
  const plain = { '@type': type, name: 'hello', rootId: 'root' };
  const limits = { memoryBytes: 1_048_576, callouts: 0 };
  const encode = (json: JsonObject): Uint8Array => {
    const packed = registry.encode(json);
    if (!packed.ok) throw new Error(packed.error.message);
    return packed.value.value;
  };
  const bytes = encode({ ...plain, lateenLimits: limits });
  const without = encode(plain);
  // Fields are written in the order of their numbers: the unknown one is a suffix of its own.
  expect([...bytes.subarray(0, without.length)]).toEqual([...without]);
  expect(bytes.length).toBeGreaterThan(without.length);
  expect(registry.decode(type, bytes)).toMatchObject({ value: { lateenLimits: limits } });
});
