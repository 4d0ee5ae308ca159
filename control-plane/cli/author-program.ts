import type { Command } from 'commander';
import type { Io } from './io.ts';
import { count, type Done, output, port } from './options.ts';

/** Commands with which a filter is made, before it is shared. */
export function addAuthoring(filter: Command, io: Io, done: Done): void {
  addMaking(filter, io, done);
  addTrying(filter, io, done);
}

function addMaking(filter: Command, io: Io, done: Done): void {
  filter
    .command('new')
    .description('make a folder with a filter that builds and tests by itself')
    .argument('<name>', 'the folder; its last part is the name of the filter')
    .option('--template <name>', 'what to begin with', 'header')
    .addOption(output('text', 'json'))
    .action(async (name, options) =>
      done(await (await import('./commands/filter/new.ts')).create({ ...options, name }, io)),
    );
  filter
    .command('build')
    .description('compile a filter; exits with 1 where its sources are wrong')
    .argument('[directory]', 'the folder of the filter', '.')
    .option('--release', 'small and fast; otherwise with names and checks for debugging')
    .addOption(output('text', 'json'))
    .action(async (directory, options) =>
      done(await (await import('./commands/filter/build.ts')).build({ ...options, directory }, io)),
    );
  filter
    .command('test')
    .description('build a filter and run its tests; exits with 79 where one fails')
    .argument('[directory]', 'the folder of the filter', '.')
    .argument('[rest...]', 'for vitest, after --')
    .addOption(output('text', 'json'))
    .action(async (directory, rest, options) =>
      done(
        await (await import('./commands/filter/test.ts')).test({ ...options, directory, rest }, io),
      ),
    );
}

function addTrying(filter: Command, io: Io, done: Done): void {
  filter
    .command('dev')
    .description('the filter in a real proxy before a demo service; each save goes live')
    .argument('[directory]', 'the folder of the filter', '.')
    .option('--port <port>', 'where it is called; the next free one if it is taken', port, 8000)
    .option('--config <json>', "the filter's configuration, an object")
    .addOption(output('text', 'json'))
    .action(async (directory, options) =>
      done(await (await import('./commands/filter/dev.ts')).dev({ ...options, directory }, io)),
    );
  filter
    .command('inspect')
    .description('what a module is and may do, without running it')
    .argument('<file>', 'the module')
    .addOption(output('text', 'json'))
    .action(async (file, options) =>
      done(await (await import('./commands/filter/inspect.ts')).inspect({ ...options, file }, io)),
    );
  filter
    .command('call')
    .description('play one request through a module; exits with 1 where the module fails')
    .argument('[file]', 'the module; default: that of the filter in this folder')
    .option('-X, --request <method>', 'default: GET, with a body POST')
    .option('-H, --header <header...>', '"name: value"')
    .option('-d, --data <text>', 'the body')
    .option('--path <path>', 'with the query', '/')
    .option('--authority <host>', 'the host that is asked', 'example.com')
    .option('--config <json>', "the filter's configuration; @FILE reads it from a file")
    .option('--record <path>', 'write the request to a file')
    .option('--replay <path>', 'play the request of such a file instead')
    .addOption(output('text', 'json'))
    .action(async (file, options) =>
      done(await (await import('./commands/filter/call.ts')).call({ ...options, file }, io)),
    );
  filter
    .command('bench')
    .description('what a module costs for each request: time, fuel and memory')
    .argument('<file>', 'the module')
    .option('--requests <number>', 'how many are measured', count, 20_000)
    .option('--live <number>', 'streams that are open meanwhile', count, 0)
    .option('--config <json>', "the filter's configuration")
    .addOption(output('text', 'json'))
    .action(async (file, options) =>
      done(await (await import('./commands/filter/bench.ts')).bench({ ...options, file }, io)),
    );
}

/** For those who make hosts: does one do what the ABI says? */
export function addConformance(program: Command, io: Io, done: Done): void {
  program
    .command('conformance')
    .description('check a Proxy-Wasm host, case by case; exits with 79 where one fails')
    .option('--host <url>', 'the host, with the driver module, proxying to our service')
    .option('--echo <port>', 'where our service listens', port, 9999)
    .option('--write-module <path>', 'write the driver module, to load it into the host')
    .addOption(output('text', 'json'))
    .action(async (options) =>
      done(await (await import('./commands/conformance.ts')).conformance(options, io)),
    );
}
