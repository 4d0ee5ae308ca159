import * as z from 'zod';
import { regex } from './checks.ts';

/** An object of which every key is known. All of the Istio kinds are made of these. */
export const object = z.strictObject;

export const text = z.string();
export const nonEmpty = z.string().min(1, 'must not be empty');
export const bool = z.boolean();
export const int32 = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1);
export const uint32 = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
export const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);
export const port = z
  .int()
  .min(1, 'must be a port between 1 and 65535')
  .max(65535, 'must be a port between 1 and 65535');
export const list = <T extends z.ZodType>(item: T) => z.array(item);
export const stringMap = z.record(z.string(), z.string());

const DURATION = /^(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 0.000_001,
};
/** google.protobuf.Duration ends at 10,000 years; nothing here is meant to last that long. */
const DURATION_MAX_MS = 315_576_000_000_000;

/** Milliseconds of `1h30m`, `250ms`, `0.5s`; undefined where the text is no duration. */
export function parseDuration(value: string): number | undefined {
  if (!DURATION.test(value)) return undefined;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  }
  return total <= DURATION_MAX_MS ? total : undefined;
}

/** A duration as users write it (`10s`, `1h`, `250ms`), read as milliseconds. */
export const duration = z.string().transform((value, context) => {
  const ms = parseDuration(value);
  if (ms !== undefined) return ms;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(value)} is no duration`,
    params: { fix: 'write a number and a unit, for example 10s, 250ms or 1h' },
  });
  return z.NEVER;
});

/** A duration of at least one millisecond, as Istio asks of nearly all of them. */
export const positiveDuration = duration.refine((ms) => ms >= 1, 'must be at least 1ms');

export const percent = object({ value: z.number().min(0).max(100).optional() });

export const portSelector = object({ number: port });

/** `{exact}`, `{prefix}` or `{regex}`; none of them means: present, whatever its value. */
export const stringMatch = object({
  exact: text.optional(),
  prefix: text.optional(),
  regex: regex.optional(),
}).superRefine(atMostOne('exact', 'prefix', 'regex'));
export type StringMatch = z.output<typeof stringMatch>;

export const workloadSelector = object({ labels: stringMap.optional() });
export const policySelector = object({ matchLabels: stringMap.optional() });
export const targetRef = object({
  group: text.optional(),
  kind: nonEmpty,
  name: nonEmpty,
  namespace: text.optional(),
});
export const exportTo = list(nonEmpty).optional();

/** A check for proto's `oneof`: at most one of the fields is set. */
export function atMostOne(...fields: readonly string[]) {
  return (value: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    const set = fields.filter((field) => value[field] !== undefined);
    if (set.length <= 1) return;
    context.addIssue({
      code: 'custom',
      message: `only one of ${set.join(', ')} can be set`,
      path: [set[1] ?? ''],
    });
  };
}

/** Fields that are known by name and whose values are never looked at. */
export function knownFields<const N extends string>(names: readonly N[]) {
  const fields = names.map((name) => [name, z.unknown().optional()] as const);
  return Object.fromEntries(fields) as Record<N, z.ZodOptional<z.ZodUnknown>>;
}
