import { main } from 'assemblyscript/asc';

const compiled = new Map<string, Promise<Uint8Array>>();

/**
 * Compiles one file of plain AssemblyScript, without the SDK, to a module that starts through
 * `_initialize`. The ABI's marker and a bump allocator are added. Throws the compiler's report.
 */
export function compileModuleSource(source: string): Promise<Uint8Array> {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const result = compile(PRELUDE + source);
  compiled.set(source, result);
  return result;
}

const PRELUDE = `
const ARENA: usize = memory.data(65536);
let bump: usize = 0;
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: i32): usize {
  const at = ARENA + bump;
  bump = (bump + size + 7) & 0xffff;
  return at;
}
`;

async function compile(source: string): Promise<Uint8Array> {
  let binary: Uint8Array | null = null;
  const { error, stderr } = await main(
    [
      'module.ts',
      '--runtime',
      'stub',
      '--exportStart',
      '_initialize',
      '--use',
      'abort=',
      '-o',
      'm',
    ],
    {
      readFile: (name) => (name === 'module.ts' ? source : null),
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === null) throw new Error(`${error?.message}\n${stderr.toString()}`);
  return binary;
}
