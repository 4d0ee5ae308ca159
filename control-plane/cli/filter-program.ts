import type { Command } from 'commander';
import type { Io } from './io.ts';
import { type Done, output } from './options.ts';

/** `lateen filter ...`: what the author of a filter does with it. One file a command. */
export function addFilterCommands(program: Command, io: Io, done: Done): void {
  const filter = program.command('filter').description('make, sign and share Wasm filters');
  addSigning(filter, io, done);
}

/** Commands by which those who run a filter know whose it is. */
function addSigning(filter: Command, io: Io, done: Done): void {
  filter
    .command('sign')
    .description('sign a module, as cosign does')
    .argument('<file>', 'a module; its signature is written beside it as FILE.sig')
    .requiredOption('--key <path>', 'private key: PEM, PKCS#8 or made by cosign')
    .option('--key-password-file <path>', 'file with its password; default: COSIGN_PASSWORD')
    .addOption(output('text', 'json'))
    .action(async (target, options) =>
      done(await (await import('./commands/filter/sign.ts')).sign({ ...options, target }, io)),
    );
  filter
    .command('verify')
    .description("check a module's signature; exits with 79 where it is missing or wrong")
    .argument('<file>', 'a module, with FILE.sig beside it')
    .requiredOption('--key <path>', 'public key, PEM')
    .addOption(output('text', 'json'))
    .action(async (target, options) =>
      done(await (await import('./commands/filter/verify.ts')).verify({ ...options, target }, io)),
    );
}
