import * as z from 'zod';
import { isIp } from './checks.ts';
import { connectionPool } from './destination-rule.ts';
import { serverTls } from './gateway.ts';
import { list, nonEmpty, object, port, portSelector, text, workloadSelector } from './schema.ts';

const sidecarPort = object({
  number: port,
  protocol: text.optional(),
  name: text.optional(),
  targetPort: port.optional(),
});
const captureMode = z.enum(['DEFAULT', 'IPTABLES', 'NONE']).optional();

const bind = z.string().refine((value) => value === '' || isIp(value), 'must be an IP address');

const ingress = object({
  port: sidecarPort,
  bind: bind.optional(),
  captureMode,
  defaultEndpoint: z
    .string()
    .regex(
      /^((127\.0\.0\.1|0\.0\.0\.0|\[::1\]|\[::\]):[1-9]\d{0,4}|unix:\/\/.+)$/,
      'must be 127.0.0.1:PORT, 0.0.0.0:PORT, [::1]:PORT, [::]:PORT or unix:///path',
    )
    .optional(),
  tls: serverTls.optional(),
  connectionPool: connectionPool.optional(),
});

const egress = object({
  port: sidecarPort.optional(),
  bind: text.optional(),
  captureMode,
  hosts: list(
    nonEmpty.refine((host) => /^~?[^/]+\/[^/]+$/.test(host), 'must be namespace/host'),
  ).min(1, 'must name at least one host, for example "./*"'),
});

export const sidecar = object({
  workloadSelector: workloadSelector.optional(),
  ingress: list(ingress).optional(),
  egress: list(egress).optional(),
  inboundConnectionPool: connectionPool.optional(),
  outboundTrafficPolicy: object({
    mode: z.enum(['REGISTRY_ONLY', 'ALLOW_ANY']).optional(),
    egressProxy: object({
      host: nonEmpty,
      subset: text.optional(),
      port: portSelector.optional(),
    }).optional(),
  }).optional(),
});

export type SidecarSpec = z.output<typeof sidecar>;
export type SidecarIngress = z.output<typeof ingress>;
