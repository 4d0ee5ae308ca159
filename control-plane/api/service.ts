import * as z from 'zod';
import { knownFields, nonEmpty, object, port, stringMap, text } from './schema.ts';

const servicePort = object({
  name: text.optional(),
  port,
  targetPort: z.union([port, nonEmpty]).optional(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).optional(),
  appProtocol: text.optional(),
  nodePort: z.unknown().optional(),
});

/** Kubernetes' own Service. Fields of no consequence to a mesh are known by name only. */
export const service = object({
  ports: z.array(servicePort).optional(),
  selector: stringMap.optional(),
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).optional(),
  clusterIP: text.optional(),
  clusterIPs: z.array(text).optional(),
  externalName: text.optional(),
  publishNotReadyAddresses: z.boolean().optional(),
  ...knownFields([
    'allocateLoadBalancerNodePorts',
    'externalIPs',
    'externalTrafficPolicy',
    'healthCheckNodePort',
    'internalTrafficPolicy',
    'ipFamilies',
    'ipFamilyPolicy',
    'loadBalancerClass',
    'loadBalancerIP',
    'loadBalancerSourceRanges',
    'sessionAffinity',
    'sessionAffinityConfig',
    'trafficDistribution',
  ]),
});

export type ServiceSpec = z.output<typeof service>;
