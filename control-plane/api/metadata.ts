import { isJsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import * as z from 'zod';
import { problemsOf } from './issues.ts';
import { type Located, scoped } from './located.ts';
import type { Kind, ObjectMeta } from './object.ts';
import { knownFields, nonEmpty, object, stringMap, text } from './schema.ts';

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const name = z
  .string()
  .min(1, 'must not be empty')
  .max(253)
  .regex(NAME, 'must be lower-case letters, digits, "-" and "."');

const metadata = object({
  name,
  namespace: nonEmpty.max(63).regex(NAME, 'must be lower-case letters, digits and "-"').optional(),
  labels: stringMap.optional(),
  annotations: stringMap.optional(),
  creationTimestamp: text.optional(),
  ...knownFields([
    'deletionGracePeriodSeconds',
    'deletionTimestamp',
    'finalizers',
    'generateName',
    'generation',
    'managedFields',
    'ownerReferences',
    'resourceVersion',
    'selfLink',
    'uid',
  ]),
});

/** Where an object that names no namespace lives. */
export const DEFAULT_NAMESPACE = 'default';

export function parseMetadata(
  value: unknown,
  kind: Kind,
  source: Located,
): Result<ObjectMeta, readonly Problem[]> {
  const given = isJsonObject(value) ? dropNulls(value) : (value ?? {});
  const parsed = metadata.safeParse(given);
  if (!parsed.success) {
    const within = scoped(source, ['metadata']);
    const judged = {
      schema: metadata,
      value: given,
      source: within,
      resource: kind,
      prefix: ['metadata'],
    };
    return fail(problemsOf(parsed.error.issues, judged));
  }
  return ok({
    name: parsed.data.name,
    namespace: parsed.data.namespace ?? DEFAULT_NAMESPACE,
    labels: parsed.data.labels ?? {},
    annotations: parsed.data.annotations ?? {},
    creationTimestamp: parsed.data.creationTimestamp,
  });
}

/** API servers and exporters write `creationTimestamp: null`. */
function dropNulls(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null));
}
