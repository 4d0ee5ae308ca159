import * as z from 'zod';
import { host, isIp, isIpBlock } from './checks.ts';
import { exportTo, list, object, port, text, workloadSelector } from './schema.ts';
import { workloadEntry } from './workload-entry.ts';

const servicePort = object({
  number: port,
  protocol: text.optional(),
  name: z.string().min(1).max(256),
  targetPort: port.optional(),
});

export const serviceEntry = object({
  hosts: list(host.refine((name) => name !== '*', 'must not be "*"'))
    .min(1, 'must name at least one host')
    .max(256),
  addresses: list(z.string().max(64).refine(isIpBlock, 'must be an IP address or a block'))
    .max(256)
    .optional(),
  ports: list(servicePort).max(256).optional(),
  location: z.enum(['MESH_EXTERNAL', 'MESH_INTERNAL']).optional(),
  resolution: z.enum(['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS']).optional(),
  endpoints: list(workloadEntry).max(4096).optional(),
  workloadSelector: workloadSelector.optional(),
  exportTo,
  subjectAltNames: list(text).optional(),
}).superRefine((entry, context) => {
  const issue = (message: string, field: string): void =>
    context.addIssue({ code: 'custom', message, path: [field] });
  const endpoints = entry.endpoints?.length ?? 0;
  const resolution = entry.resolution ?? 'NONE';
  if (endpoints > 0 && entry.workloadSelector !== undefined) {
    issue('only one of endpoints and workloadSelector can be set', 'workloadSelector');
  }
  if (endpoints > 0 && resolution === 'NONE') {
    issue('endpoints need a resolution other than NONE', 'endpoints');
  }
  for (const [index, { address }] of (entry.endpoints ?? []).entries()) {
    if (resolution !== 'STATIC' || address === undefined || isIp(address)) continue;
    if (address.startsWith('unix://')) continue;
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(address)} is no IP address, as resolution STATIC asks for`,
      path: ['endpoints', index, 'address'],
      params: { fix: 'write an address, or resolution: DNS' },
    });
  }
  if (endpoints > 1 && resolution === 'DNS_ROUND_ROBIN') {
    issue('DNS_ROUND_ROBIN can have one endpoint only', 'endpoints');
  }
  const numbers = (entry.ports ?? []).map((item) => item.number);
  if (new Set(numbers).size !== numbers.length) issue('a port number stands here twice', 'ports');
});

export type ServiceEntrySpec = z.output<typeof serviceEntry>;
