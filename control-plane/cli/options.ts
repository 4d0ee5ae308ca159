import { type Command, InvalidArgumentError, Option } from 'commander';

/** Takes a command's exit code. */
export type Done = (code: number) => void;

/** `--address` and `--token-file`: for commands that talk to a control plane. */
export function connected(command: Command): Command {
  return command
    .option('--address <url>', "the control plane's admin API; default: found by its run file")
    .option('--token-file <path>', 'file with its token');
}

/** `-o`: the first format is the default. */
export function output(...formats: readonly string[]): Option {
  return new Option('-o, --output <format>', 'how to print').choices(formats).default(formats[0]);
}

export function port(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new InvalidArgumentError('a port is a number from 1 to 65535');
}

export function count(text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new InvalidArgumentError('a number is needed');
}
