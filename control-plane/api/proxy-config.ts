import type * as z from 'zod';
import { count, object, policySelector, stringMap, text } from './schema.ts';

export const proxyConfig = object({
  selector: policySelector.optional(),
  concurrency: count.optional(),
  environmentVariables: stringMap.optional(),
  image: object({ imageType: text.optional() }).optional(),
});

export type ProxyConfigSpec = z.output<typeof proxyConfig>;
