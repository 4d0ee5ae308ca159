import * as z from 'zod';
import { atMostOne, int32, list, nonEmpty, object, policySelector, targetRef } from './schema.ts';
import { moduleFields, trafficSelector } from './wasm-plugin.ts';

const wasmConfig = object(moduleFields);

export const trafficExtension = object({
  selector: policySelector.optional(),
  targetRefs: list(targetRef).max(16).optional(),
  phase: z.enum(['UNSPECIFIED', 'AUTHN', 'AUTHZ', 'STATS']).optional(),
  priority: int32.optional(),
  match: list(trafficSelector).optional(),
  wasm: wasmConfig.optional(),
  lua: object({ inlineCode: nonEmpty.max(65_536) }).optional(),
})
  .superRefine(atMostOne('selector', 'targetRefs'))
  .refine(
    (spec) => (spec.wasm === undefined) !== (spec.lua === undefined),
    'needs exactly one of wasm and lua',
  );

export type TrafficExtensionSpec = z.output<typeof trafficExtension>;
export type WasmConfig = z.output<typeof wasmConfig>;
