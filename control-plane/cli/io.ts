import type { Environment } from './environment.ts';

/** EX_USAGE of sysexits, and istioctl's number for "analysis found something". */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 64;
export const EXIT_FINDINGS = 79;

export type Format = 'text' | 'json' | 'yaml';

/** Where a command writes, and how. */
export interface Io {
  readonly environment: Environment;
  /** A line, or several, to standard output. */
  out(text: string): void;
  /** To standard error. */
  err(text: string): void;
  /** Standard input, whole. */
  input(): Promise<string>;
}

export function processIo(environment: Environment): Io {
  // A reader that went away (`| head`) is no failure of ours.
  process.stdout.on('error', () => process.exit(0));
  return {
    environment,
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    async input() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks).toString('utf8');
    },
  };
}
