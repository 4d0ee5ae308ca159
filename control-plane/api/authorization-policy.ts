import * as z from 'zod';
import { isIpBlock, isPortText } from './checks.ts';
import { atMostOne, list, nonEmpty, object, policySelector, targetRef } from './schema.ts';

const values = list(nonEmpty).min(1, 'must not be empty');
const blocks = list(
  nonEmpty.refine(isIpBlock, 'must be an IP address or a block like 10.0.0.0/8'),
).min(1, 'must not be empty');
const ports = list(nonEmpty.refine(isPortText, 'must be a port between 1 and 65535')).min(
  1,
  'must not be empty',
);

/** `{*}` and `{**}` are whole segments, `{**}` the last of them, and `*` does not stand beside them. */
const path = nonEmpty.refine((value) => {
  if (!/[{}]/.test(value)) return true;
  const segments = value.split('/');
  const rest = segments.indexOf('{**}');
  const plain = segments.filter((segment) => segment !== '{*}' && segment !== '{**}');
  const lastTemplate = segments.findLastIndex((segment) => segment.startsWith('{'));
  return !plain.some((segment) => /[{}*]/.test(segment)) && (rest < 0 || rest === lastTemplate);
}, 'holds a template that is no whole segment; {**} must be the last one and * cannot stand beside it');
const paths = list(path).min(1, 'must not be empty');
const accounts = list(nonEmpty.max(320)).min(1).max(16);

const source = object({
  principals: values.optional(),
  notPrincipals: values.optional(),
  requestPrincipals: values.optional(),
  notRequestPrincipals: values.optional(),
  namespaces: values.optional(),
  notNamespaces: values.optional(),
  serviceAccounts: accounts.optional(),
  notServiceAccounts: accounts.optional(),
  ipBlocks: blocks.optional(),
  notIpBlocks: blocks.optional(),
  remoteIpBlocks: blocks.optional(),
  notRemoteIpBlocks: blocks.optional(),
  trustDomains: values.optional(),
  notTrustDomains: values.optional(),
}).refine((fields) => Object.keys(fields).length > 0, 'must name at least one property');

const operation = object({
  hosts: values.optional(),
  notHosts: values.optional(),
  ports: ports.optional(),
  notPorts: ports.optional(),
  methods: values.optional(),
  notMethods: values.optional(),
  paths: paths.optional(),
  notPaths: paths.optional(),
}).refine((fields) => Object.keys(fields).length > 0, 'must name at least one property');

const AN_ADDRESS = { test: isIpBlock, message: 'must be an IP address or a block like 10.0.0.0/8' };
const VALUE_CHECKS: Readonly<Record<string, { test(value: string): boolean; message: string }>> = {
  'source.ip': AN_ADDRESS,
  'remote.ip': AN_ADDRESS,
  'destination.ip': AN_ADDRESS,
  'destination.port': { test: isPortText, message: 'must be a port between 1 and 65535' },
};

const condition = object({
  key: nonEmpty,
  values: values.optional(),
  notValues: values.optional(),
})
  .refine(
    (when) => when.values !== undefined || when.notValues !== undefined,
    'needs values or notValues',
  )
  .superRefine((when, context) => {
    const check = VALUE_CHECKS[when.key];
    if (check === undefined) return;
    for (const field of ['values', 'notValues'] as const) {
      for (const [index, value] of (when[field] ?? []).entries()) {
        if (check.test(value)) continue;
        context.addIssue({ code: 'custom', message: check.message, path: [field, index] });
      }
    }
  });

/** Empty lists are refused, as Istio refuses them: they read as "nobody" and would mean "anybody". */
const rule = object({
  from: list(object({ source })).min(1, 'must not be empty').max(512).optional(),
  to: list(object({ operation })).min(1, 'must not be empty').optional(),
  when: list(condition).min(1, 'must not be empty').optional(),
});

export const authorizationPolicy = object({
  selector: policySelector.optional(),
  targetRef: targetRef.optional(),
  targetRefs: list(targetRef).max(16).optional(),
  rules: list(rule).max(512).optional(),
  action: z.enum(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM']).optional(),
  provider: object({ name: nonEmpty }).optional(),
}).superRefine(atMostOne('selector', 'targetRef', 'targetRefs'));

export type AuthorizationPolicySpec = z.output<typeof authorizationPolicy>;
export type AuthorizationRule = z.output<typeof rule>;
export type AuthorizationSource = z.output<typeof source>;
export type AuthorizationOperation = z.output<typeof operation>;
export type AuthorizationCondition = z.output<typeof condition>;
