import type * as z from 'zod';

/** The part of zod's own description of a schema that is looked at here. */
interface SchemaDef {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
}

/** The names of the fields that the schema knows at `path`; empty where it is no object. */
export function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let current: z.core.$ZodType | undefined = schema;
  for (const part of path) {
    if (current === undefined) return [];
    current = step(current, part);
  }
  const shape = current === undefined ? undefined : unwrap(current).shape;
  return shape === undefined ? [] : Object.keys(shape);
}

/** Dotted paths below the schema at which a field called `name` is known; at most a few. */
export function findField(schema: z.core.$ZodType, name: string, depthMax = 6): readonly string[] {
  const found: string[] = [];
  const visit = (at: z.core.$ZodType, path: string, depth: number): void => {
    if (depth > depthMax || found.length >= 3) return;
    const def = unwrap(at);
    if (def.element !== undefined) visit(def.element, path, depth);
    for (const [field, inner] of Object.entries(def.shape ?? {})) {
      const here = path === '' ? field : `${path}.${field}`;
      if (field === name) found.push(here);
      visit(inner, here, depth + 1);
    }
  };
  visit(schema, '', 0);
  return found;
}

function step(schema: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  const def = unwrap(schema);
  if (def.type === 'object') return def.shape?.[String(part)];
  if (def.type === 'array') return def.element;
  if (def.type === 'record') return def.valueType;
  return undefined;
}

function unwrap(schema: z.core.$ZodType): SchemaDef {
  let def = schema._zod.def as SchemaDef;
  for (;;) {
    const inner: z.core.$ZodType | undefined = def.innerType ?? def.in;
    if (inner === undefined) return def;
    def = inner._zod.def as SchemaDef;
  }
}
