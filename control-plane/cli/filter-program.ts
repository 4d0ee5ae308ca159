import type { Command } from 'commander';
import { addAuthoring } from './author-program.ts';
import type { Io } from './io.ts';
import { type Done, output } from './options.ts';

const SURROUNDINGS = `
From the environment:
  DOCKER_CONFIG               directory of config.json, with the credentials of docker login
  WASM_INSECURE_REGISTRIES    host[:port],... that may be without TLS
  NODE_EXTRA_CA_CERTS         file of authorities to trust besides the usual ones
  COSIGN_PASSWORD             opens an encrypted private key`;

/** `lateen filter ...`: what the author of a filter does with it. One file a command. */
export function addFilterCommands(program: Command, io: Io, done: Done): void {
  const filter = program.command('filter').description('make, sign and share Wasm filters');
  filter.addHelpText('after', SURROUNDINGS);
  addAuthoring(filter, io, done);
  addSharing(filter, io, done);
  addSigning(filter, io, done);
}

/** Commands that bring a filter to others, by way of a registry of images. */
function addSharing(filter: Command, io: Io, done: Done): void {
  filter
    .command('push')
    .description('put a module into a registry, for Lateen, Istio and others')
    .argument('<file>', 'the module')
    .argument('<reference>', 'where to: registry/repository:tag')
    .option(
      '--schema <path>',
      'JSON schema of its configuration; default: NAME.schema.json beside NAME.wasm',
    )
    .option('--readme <path>', 'what it is for; default: NAME.md')
    .option('--source-map <path>', 'default: NAME.wasm.map')
    .option(
      '--annotation <name=value...>',
      'for the image, e.g. org.opencontainers.image.source=URL',
    )
    .option('--sign <path>', 'sign it with this private key')
    .option('--key-password-file <path>', 'file with the password of the key')
    .addOption(output('text', 'json'))
    .action(async (file, reference, options) =>
      done(
        await (await import('./commands/filter/push.ts')).push({ ...options, file, reference }, io),
      ),
    );
  filter
    .command('pull')
    .description('fetch a module, with its schema, readme and source map, from a registry')
    .argument('<reference>', 'registry/repository, with :tag or @sha256:digest')
    .option('-d, --directory <path>', 'where to write', '.')
    .option('--key <path>', 'public key: only if it is signed with it')
    .option('--force', 'write over files that are there')
    .addOption(output('text', 'json'))
    .action(async (reference, options) =>
      done(await (await import('./commands/filter/pull.ts')).pull({ ...options, reference }, io)),
    );
}

/** Commands by which those who run a filter know whose it is. */
function addSigning(filter: Command, io: Io, done: Done): void {
  filter
    .command('keygen')
    .description('make a pair of keys, as cosign does')
    .argument('[name]', 'NAME.key signs, NAME.pub verifies', 'cosign')
    .option('--key-password-file <path>', 'file with a password for it; default: COSIGN_PASSWORD')
    .addOption(output('text', 'json'))
    .action(async (name, options) =>
      done(await (await import('./commands/filter/keygen.ts')).keygen({ ...options, name }, io)),
    );
  filter
    .command('sign')
    .description('sign a module, as cosign does')
    .argument('<target>', 'a file, whose signature is written to FILE.sig, or an image')
    .requiredOption('--key <path>', 'private key: PEM, PKCS#8 or made by cosign')
    .option('--key-password-file <path>', 'file with its password; default: COSIGN_PASSWORD')
    .addOption(output('text', 'json'))
    .action(async (target, options) =>
      done(await (await import('./commands/filter/sign.ts')).sign({ ...options, target }, io)),
    );
  filter
    .command('verify')
    .description("check a module's signature; exits with 79 where it is missing or wrong")
    .argument('<target>', 'a file with FILE.sig beside it, or an image')
    .requiredOption('--key <path>', 'public key, PEM')
    .addOption(output('text', 'json'))
    .action(async (target, options) =>
      done(await (await import('./commands/filter/verify.ts')).verify({ ...options, target }, io)),
    );
}
