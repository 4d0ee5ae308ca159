import * as z from 'zod';
import { isHostName, isIp } from './checks.ts';
import { bool, list, nonEmpty, object, port, stringMap, text } from './schema.ts';

const TLS_MODES = [
  'PASSTHROUGH',
  'SIMPLE',
  'MUTUAL',
  'AUTO_PASSTHROUGH',
  'ISTIO_MUTUAL',
  'OPTIONAL_MUTUAL',
] as const;
const TLS_VERSIONS = ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'] as const;

const certificate = object({
  serverCertificate: text.optional(),
  privateKey: text.optional(),
  caCertificates: text.optional(),
});

export const serverTls = object({
  httpsRedirect: bool.optional(),
  mode: z.enum(TLS_MODES).optional(),
  serverCertificate: text.optional(),
  privateKey: text.optional(),
  caCertificates: text.optional(),
  caCrl: text.optional(),
  credentialName: text.optional(),
  credentialNames: list(text).min(1).max(2).optional(),
  caCertCredentialName: text.optional(),
  tlsCertificates: list(certificate).min(1).max(2).optional(),
  subjectAltNames: list(text).optional(),
  verifyCertificateSpki: list(text).optional(),
  verifyCertificateHash: list(text).optional(),
  minProtocolVersion: z.enum(TLS_VERSIONS).optional(),
  maxProtocolVersion: z.enum(TLS_VERSIONS).optional(),
  cipherSuites: list(text).optional(),
  insecureSkipVerify: bool.optional(),
});

/** `host`, or `namespace/host` for the VirtualServices of one namespace. */
const serverHost = nonEmpty.refine((entry) => {
  const [namespace, host = ''] = entry.includes('/') ? entry.split('/', 2) : ['*', entry];
  return namespace !== '' && isHostName(host);
}, 'must be a host or namespace/host; "*" may only be its first label');

const server = object({
  port: object({
    number: port,
    protocol: nonEmpty,
    name: nonEmpty,
    targetPort: port.optional(),
  }),
  bind: z
    .string()
    .refine((value) => value === '' || isIp(value), 'must be an IP address')
    .optional(),
  hosts: list(serverHost).min(1, 'must name at least one host'),
  tls: serverTls.optional(),
  defaultEndpoint: text.optional(),
  name: text.optional(),
});

export const gateway = object({
  servers: list(server).optional(),
  selector: stringMap.optional(),
});

export type GatewaySpec = z.output<typeof gateway>;
export type GatewayServer = z.output<typeof server>;
