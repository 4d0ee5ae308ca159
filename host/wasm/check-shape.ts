import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { suggest } from '@lateen/sdk/base/suggest';
import { limitField } from '@lateen/sdk/xds/plugin-limits';
import { CALLBACKS } from './callbacks.ts';
import type { AbiVersion } from './compiled-module.ts';
import { FUEL_EXPORT, GROWTH_EXPORT, START_EXPORT } from './fuel/reserved.ts';
import { ENV_SIGNATURES, IMPORT_MODULES } from './imports/signatures.ts';
import type { ModuleLimits } from './limits.ts';
import { EXTERNAL, type ModuleShape } from './module-shape.ts';
import { moduleProblem } from './problems.ts';

const ABI_MARKERS: Readonly<Record<string, AbiVersion>> = {
  proxy_abi_version_0_1_0: '0.1.0',
  proxy_abi_version_0_2_0: '0.2.0',
  proxy_abi_version_0_2_1: '0.2.1',
};

/** Exports called before there is a callback; the engine ignores what they do not take. */
const START_SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  _initialize: ['>'],
  _start: ['>'],
  main: ['>', '>i', 'ii>i', 'ii>'],
  __main_void: ['>i'],
  proxy_on_memory_allocate: ['i>i'],
  malloc: ['i>i'],
};

/** Whether the module speaks Proxy-Wasm and asks for nothing we don't have; its ABI version. */
export function checkShape(
  name: string,
  shape: ModuleShape,
  limits: ModuleLimits,
): Result<AbiVersion> {
  const problem =
    checkExports(name, shape) ?? checkImports(name, shape) ?? checkSizes(name, shape, limits);
  return problem === null ? findAbi(name, shape) : fail(problem);
}

function findAbi(name: string, shape: ModuleShape): Result<AbiVersion> {
  const markers = Object.keys(ABI_MARKERS).filter((marker) => isFunction(shape, marker));
  if (markers.length === 1) return ok(ABI_MARKERS[markers[0]]);
  if (markers.length > 1) {
    return fail(moduleProblem(name, 'abi', `declares more than one ABI: ${markers.join(', ')}`));
  }
  const other = [...shape.exports.keys()].find((key) => key.startsWith('proxy_abi_version_'));
  const message =
    other === undefined
      ? 'exports no proxy_abi_version_*: it is no Proxy-Wasm module'
      : `exports ${other}; this host speaks 0.1.0, 0.2.0 and 0.2.1`;
  return fail(moduleProblem(name, 'abi', message));
}

function checkExports(name: string, shape: ModuleShape): Problem | null {
  for (const reserved of [FUEL_EXPORT, GROWTH_EXPORT, START_EXPORT]) {
    if (shape.exports.has(reserved)) {
      return moduleProblem(name, 'unsupported', `exports ${reserved}, a name of the host's own`);
    }
  }
  if (shape.exports.get('memory')?.kind !== EXTERNAL.memory) {
    return moduleProblem(name, 'missingExport', 'exports no memory named "memory"');
  }
  if (!isFunction(shape, 'proxy_on_memory_allocate') && !isFunction(shape, 'malloc')) {
    const message = 'exports neither proxy_on_memory_allocate nor malloc';
    return moduleProblem(name, 'missingExport', message);
  }
  for (const [callback, ...signatures] of Object.values(CALLBACKS)) {
    const problem = checkExport(name, shape, callback, signatures);
    if (problem !== null) return problem;
  }
  for (const [start, signatures] of Object.entries(START_SIGNATURES)) {
    const problem = checkExport(name, shape, start, signatures);
    if (problem !== null) return problem;
  }
  return null;
}

function checkExport(
  name: string,
  shape: ModuleShape,
  exported: string,
  signatures: readonly string[],
): Problem | null {
  if (!shape.exports.has(exported)) return null;
  const signature = signatureOf(shape, exported);
  if (signature !== null && signatures.includes(signature)) return null;
  const found = signature === null ? 'is no function' : `has the type ${show(signature)}`;
  const message = `export ${exported} ${found}, expected ${signatures.map(show).join(' or ')}`;
  return moduleProblem(name, 'signature', message);
}

function checkImports(name: string, shape: ModuleShape): Problem | null {
  for (const { module, name: imported, type } of shape.imports) {
    const known = Object.hasOwn(IMPORT_MODULES, module) ? IMPORT_MODULES[module] : undefined;
    const signatures =
      known !== undefined && Object.hasOwn(known, imported) ? known[imported] : undefined;
    if (signatures === undefined) return unknownImport(name, module, imported);
    const signature = shape.types[type] ?? '?';
    if ([signatures].flat().includes(signature)) continue;
    const expected = [signatures].flat().map(show).join(' or ');
    const message = `import ${module}.${imported} has the type ${show(signature)}, expected ${expected}`;
    return moduleProblem(name, 'signature', message);
  }
  return null;
}

function unknownImport(name: string, module: string, imported: string): Problem {
  const message = `imports ${module}.${imported}, which this host does not have`;
  const names = Object.keys(IMPORT_MODULES[module] ?? ENV_SIGNATURES);
  const near = suggest(imported, names);
  if (near === undefined) return moduleProblem(name, 'unknownImport', message);
  return moduleProblem(name, 'unknownImport', message, { fix: `did you mean ${near}?` });
}

function checkSizes(name: string, shape: ModuleShape, limits: ModuleLimits): Problem | null {
  const { memoryPagesMax, tableEntriesMax } = limits;
  const pages = shape.memories[0]?.min ?? 0;
  if (pages > memoryPagesMax) {
    const message = `starts with ${pages} pages of memory (${mib(pages)}), the limit is ${memoryPagesMax} (${mib(memoryPagesMax)})`;
    return moduleProblem(name, 'tooLarge', message, {
      fix: `raise ${limitField('memoryBytes')} of the plugin beyond ${mib(pages)}`,
    });
  }
  const entries = shape.tables.reduce((sum, table) => sum + table.limits.min, 0);
  if (entries <= tableEntriesMax) return null;
  const message = `wants tables of ${entries} entries, the limit is ${tableEntriesMax}`;
  return moduleProblem(name, 'tooLarge', message);
}

function mib(pages: number): string {
  return `${Number((pages / 16).toFixed(1))}Mi`;
}

function isFunction(shape: ModuleShape, name: string): boolean {
  return shape.exports.get(name)?.kind === EXTERNAL.function;
}

/** The signature of an exported function, null where it is none. */
function signatureOf(shape: ModuleShape, name: string): string | null {
  const found = shape.exports.get(name);
  if (found?.kind !== EXTERNAL.function) return null;
  const imported = shape.imports.length;
  const type =
    found.index < imported
      ? shape.imports[found.index].type
      : shape.functions[found.index - imported];
  return shape.types[type] ?? '?';
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  i: 'i32',
  I: 'i64',
  f: 'f32',
  F: 'f64',
  v: 'v128',
};

function show(signature: string): string {
  const [parameters, results] = signature.split('>');
  const list = (letters: string | undefined) =>
    [...(letters ?? '')].map((letter) => TYPE_NAMES[letter] ?? 'ref').join(', ');
  return `(${list(parameters)}) -> (${list(results)})`;
}
