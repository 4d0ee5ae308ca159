import type { Problem } from '@lateen/sdk/base/problem';

/** Everything that can be wrong with a module, by code. */
export const MODULE_CODES = {
  malformed: 'LAT0340',
  tooLarge: 'LAT0341',
  abi: 'LAT0342',
  unknownImport: 'LAT0343',
  signature: 'LAT0344',
  missingExport: 'LAT0345',
  unsupported: 'LAT0346',
  engine: 'LAT0347',
  trap: 'LAT0350',
  fuel: 'LAT0351',
  stack: 'LAT0352',
  restricted: 'LAT0353',
  allocator: 'LAT0354',
  exit: 'LAT0355',
  host: 'LAT0356',
  memory: 'LAT0357',
  refused: 'LAT0360',
  backoff: 'LAT0361',
} as const;

export type ModuleFault = keyof typeof MODULE_CODES;

/** A problem with the module or plugin of that name. */
export function moduleProblem(
  name: string,
  fault: ModuleFault,
  message: string,
  more: { readonly path?: string; readonly fix?: string } = {},
): Problem {
  const origin = more.path === undefined ? { resource: name } : { resource: name, path: more.path };
  const code = MODULE_CODES[fault];
  const problem = { level: 'error', code, message: printable(message), origin } as const;
  return more.fix === undefined ? problem : { ...problem, fix: more.fix };
}

/** Names and messages of a module are a stranger's: no line of a log may be made of them. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** The kind of fault that a code stands for; `other` for codes of other folders. */
export function faultOf(code: string): ModuleFault | 'other' {
  const found = Object.entries(MODULE_CODES).find(([, known]) => known === code);
  return found === undefined ? 'other' : (found[0] as ModuleFault);
}
