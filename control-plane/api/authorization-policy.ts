import * as z from 'zod';
import { atMostOne, list, nonEmpty, object, policySelector, targetRef } from './schema.ts';

const values = list(nonEmpty).min(1, 'must not be empty');
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
  ipBlocks: values.optional(),
  notIpBlocks: values.optional(),
  remoteIpBlocks: values.optional(),
  notRemoteIpBlocks: values.optional(),
  trustDomains: values.optional(),
  notTrustDomains: values.optional(),
}).refine((fields) => Object.keys(fields).length > 0, 'must name at least one property');

const operation = object({
  hosts: values.optional(),
  notHosts: values.optional(),
  ports: values.optional(),
  notPorts: values.optional(),
  methods: values.optional(),
  notMethods: values.optional(),
  paths: values.optional(),
  notPaths: values.optional(),
}).refine((fields) => Object.keys(fields).length > 0, 'must name at least one property');

const condition = object({
  key: nonEmpty,
  values: values.optional(),
  notValues: values.optional(),
}).refine(
  (when) => when.values !== undefined || when.notValues !== undefined,
  'needs values or notValues',
);

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
