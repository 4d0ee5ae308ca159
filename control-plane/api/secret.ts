import type * as z from 'zod';
import { bool, object, stringMap, text } from './schema.ts';

/** Kubernetes' own Secret. Its values are shown to nobody: not in problems, not by `get`. */
export const secret = object({
  type: text.optional(),
  /** Base64. */
  data: stringMap.optional(),
  stringData: stringMap.optional(),
  immutable: bool.optional(),
});

export type SecretSpec = z.output<typeof secret>;
