import * as z from 'zod';
import { text } from './schema.ts';

/**
 * Kubernetes' own Pod, read for what Endpoints don't tell: labels (they stand in its metadata),
 * service account and named ports. Everything else about a Pod is none of our business.
 */
export const pod = z.looseObject({
  spec: z
    .looseObject({
      serviceAccountName: text.optional(),
      containers: z
        .array(
          z.looseObject({
            ports: z
              .array(z.looseObject({ name: text.optional(), containerPort: z.int() }))
              .optional(),
          }),
        )
        .optional(),
    })
    .optional(),
  status: z.looseObject({ podIP: text.optional() }).optional(),
});

export type PodSpec = z.output<typeof pod>;
