/**
 * What we use of the AssemblyScript compiler. Its own types declare a `console` of their own for
 * the whole program, which hides Node's; tsconfig.json puts these in their place.
 */
export interface CompilerResult {
  readonly error: Error | null;
  readonly stdout: { toString(): string };
  readonly stderr: { toString(): string };
}

interface Output {
  write(text: string): void;
}

export interface CompilerOptions {
  readonly stdout?: Output;
  readonly stderr?: Output;
  readonly readFile?: (name: string, baseDir: string) => string | null | Promise<string | null>;
  readonly writeFile?: (
    name: string,
    contents: string | Uint8Array,
    baseDir: string,
  ) => void | Promise<void>;
  readonly listFiles?: (directory: string, baseDir: string) => string[] | null;
}

export function main(args: readonly string[], options?: CompilerOptions): Promise<CompilerResult>;
