import { ok, type Result } from '@lateen/sdk/base/result';
import { BinaryReader } from '../wasm/binary-reader.ts';
import { moduleLimits } from '../wasm/limits.ts';
import { compileModule } from '../wasm/module.ts';
import { SECTION, sectionName } from '../wasm/module-shape.ts';
import { readShape } from '../wasm/read-shape.ts';

/** What a module is and may do, as it is written in it. */
export interface ModuleDescription {
  readonly abi: string;
  /** `sha256:` and hex. */
  readonly digest: string;
  readonly byteLength: number;
  /** Names with the module they come from: `env.proxy_log`. */
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  /** In pages of 64 KiB; `max` null = as the plugin's limits say. */
  readonly memory: { readonly min: number; readonly max: number | null };
  readonly functions: number;
  readonly sections: readonly SectionDescription[];
}

export interface SectionDescription {
  /** `code`, `data`, ...; for custom sections `custom NAME`. */
  readonly name: string;
  readonly bytes: number;
}

/** Checks a module as a proxy would, and reads it; a problem where a proxy would refuse it. */
export async function describeModule(
  name: string,
  bytes: Uint8Array,
): Promise<Result<ModuleDescription>> {
  const limits = moduleLimits(false);
  const compiled = await compileModule({ name, bytes, trusted: false, limits });
  if (!compiled.ok) return compiled;
  const shape = readShape(bytes, limits);
  const { abi, digest, byteLength } = compiled.value;
  return ok({
    abi,
    digest,
    byteLength,
    imports: shape.imports.map((one) => `${one.module}.${one.name}`),
    exports: [...shape.exports.keys()],
    memory: shape.memories[0] ?? { min: 0, max: null },
    functions: shape.functions.length,
    sections: shape.sections.map(({ id, start, end }) => ({
      name:
        id === SECTION.custom
          ? `custom ${new BinaryReader(bytes, start, end).name()}`
          : sectionName(id),
      bytes: end - start,
    })),
  });
}
