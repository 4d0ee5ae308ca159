import * as z from 'zod';
import { object, port, stringMap, text, uint32 } from './schema.ts';

export const workloadEntry = object({
  address: z.string().max(256).optional(),
  ports: z.record(z.string(), port).optional(),
  labels: stringMap.optional(),
  network: z.string().max(2048).optional(),
  locality: z.string().max(2048).optional(),
  weight: uint32.optional(),
  serviceAccount: text.max(253).optional(),
});

export type WorkloadEntrySpec = z.output<typeof workloadEntry>;
