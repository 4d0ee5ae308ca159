import * as z from 'zod';
import { nonEmpty, object, port, text } from './schema.ts';

const address = object({
  ip: nonEmpty,
  hostname: text.optional(),
  nodeName: text.optional(),
  targetRef: z
    .looseObject({
      kind: text.optional(),
      name: text.optional(),
      namespace: text.optional(),
    })
    .optional(),
});

const subset = object({
  addresses: z.array(address).optional(),
  notReadyAddresses: z.array(address).optional(),
  ports: z
    .array(
      object({
        name: text.optional(),
        port,
        protocol: text.optional(),
        appProtocol: text.optional(),
      }),
    )
    .optional(),
});

/** Kubernetes' own Endpoints: where a service's requests can go. */
export const endpoints = object({ subsets: z.array(subset).optional() });

export type EndpointsSpec = z.output<typeof endpoints>;
export type EndpointAddress = z.output<typeof address>;
