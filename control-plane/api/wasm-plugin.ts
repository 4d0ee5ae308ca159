import * as z from 'zod';
import { pluginLimits } from './plugin-limits.ts';
import {
  atMostOne,
  int32,
  list,
  nonEmpty,
  object,
  policySelector,
  portSelector,
  positiveDuration,
  targetRef,
  text,
} from './schema.ts';

export const trafficSelector = object({
  mode: z.enum(['UNDEFINED', 'CLIENT', 'SERVER', 'CLIENT_AND_SERVER']).optional(),
  ports: list(portSelector).optional(),
});

const environmentVariable = object({
  name: nonEmpty.max(256),
  valueFrom: z.enum(['INLINE', 'HOST']).optional(),
  value: z.string().max(2048).optional(),
}).refine(
  (variable) => variable.valueFrom !== 'HOST' || variable.value === undefined,
  'a value can only be given when valueFrom is INLINE',
);

const SCHEMES = ['oci', 'http', 'https', 'file', 'data'];

/** A url without a scheme is an OCI reference, as in Istio; `data:` is Lateen's addition. */
const moduleUrl = z
  .string()
  .min(1)
  .refine(
    (url) => {
      const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):(\/\/|application\/)/.exec(url)?.[1];
      return scheme === undefined || SCHEMES.includes(scheme.toLowerCase());
    },
    `must begin with one of ${SCHEMES.map((scheme) => `${scheme}:`).join(', ')}`,
  );

/** What the two kinds say about a module in the same words. */
export const moduleFields = {
  url: moduleUrl,
  sha256: z
    .string()
    .regex(/^([a-f0-9]{64})?$/, 'must be 64 hexadecimal digits in lower case')
    .optional(),
  imagePullPolicy: z.enum(['UNSPECIFIED_POLICY', 'IfNotPresent', 'Always']).optional(),
  imagePullSecret: nonEmpty.max(253).optional(),
  verificationKey: text.optional(),
  pluginConfig: z.record(z.string(), z.json()).optional(),
  pluginName: nonEmpty.max(256).optional(),
  failStrategy: z.enum(['FAIL_CLOSE', 'FAIL_OPEN', 'FAIL_RELOAD']).optional(),
  vmConfig: object({
    env: list(environmentVariable).max(256).optional(),
    /** Lateen's addition: plugins with the same id, module and environment run in one VM. */
    vmId: nonEmpty.max(256).optional(),
  }).optional(),
  type: z.enum(['UNSPECIFIED_PLUGIN_TYPE', 'HTTP', 'NETWORK']).optional(),
  /** Lateen's additions: what the module may use, and which host calls and callbacks it has. */
  limits: pluginLimits.optional(),
  /** With FAIL_RELOAD: how old a VM is at least when another one takes its place. */
  reloadInterval: positiveDuration.optional(),
  allowedCapabilities: list(nonEmpty.max(256)).max(256).optional(),
};

export const wasmPlugin = object({
  selector: policySelector.optional(),
  targetRef: targetRef.optional(),
  targetRefs: list(targetRef).max(16).optional(),
  phase: z.enum(['UNSPECIFIED_PHASE', 'AUTHN', 'AUTHZ', 'STATS']).optional(),
  priority: int32.optional(),
  match: list(trafficSelector).optional(),
  ...moduleFields,
}).superRefine(atMostOne('selector', 'targetRef', 'targetRefs'));

export type WasmPluginSpec = z.output<typeof wasmPlugin>;
