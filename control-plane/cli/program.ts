import { Command, CommanderError, Option } from 'commander';
import { addConformance } from './author-program.ts';
import { addFilterCommands } from './filter-program.ts';
import { EXIT_FAILED, EXIT_USAGE, type Io } from './io.ts';
import { connected, count, type Done, output, port } from './options.ts';

const VERSION = '0.1.0';

/** Runs one command line; returns the exit code. Commands are loaded when they are asked for. */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  let code = 0;
  const program = createProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      io.err(`lateen: internal error: ${error instanceof Error ? error.stack : String(error)}`);
      return EXIT_FAILED;
    }
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
}

function createProgram(io: Io, done: Done): Command {
  const program = new Command('lateen')
    .description('A service mesh: Istio resources in, Envoy wires out, every policy a Wasm filter')
    .version(VERSION, '--version')
    .exitOverride()
    .showHelpAfterError('(lateen --help lists the commands)')
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
      getOutHasColors: () => io.environment.color,
    });
  addRunners(program, io, done);
  addResources(program, io, done);
  addInspectors(program, io, done);
  addFilterCommands(program, io, done);
  addConformance(program, io, done);
  return program;
}

/** Commands that run things. */
function addRunners(program: Command, io: Io, done: Done): void {
  program
    .command('demo')
    .description('a whole mesh on this machine: control plane, gateway, Bookinfo with sidecars')
    .option('--port <port>', 'port of the gateway; the next free one if it is taken', port, 8080)
    .option('--rate <requests>', 'requests a second that the built-in client sends', count, 20)
    .addOption(output('text', 'json'))
    .action(async (options) => done(await (await import('./commands/demo.ts')).demo(options, io)));
  program
    .command('up')
    .description('a control plane for a directory of resources, with the proxies they ask for')
    .requiredOption('-f, --filename <path...>', 'files and directories, watched')
    .addOption(output('text', 'json'))
    .action(async (options) => done(await (await import('./commands/up.ts')).up(options, io)));
  program
    .command('control-plane')
    .description('the control plane alone (lateen-control-plane --help tells its options)')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument('[options...]')
    .action(async (args) => (await import('./commands/exec.ts')).execControlPlane(args));
  program
    .command('proxy')
    .description('one proxy (lateen-proxy --help tells its options)')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument('[options...]')
    .action(async (args) => (await import('./commands/exec.ts')).execProxy(args));
}

/** Commands that read and change resources. */
function addResources(program: Command, io: Io, done: Done): void {
  connected(program.command('apply'))
    .description('take resources into the running mesh')
    .requiredOption('-f, --filename <path...>', 'files and directories; - is standard input')
    .option('--dry-run', 'say what would happen')
    .option('--wait', 'until every proxy has taken it, or one refuses')
    .option('--timeout <seconds>', 'how long to wait', count, 30)
    .addOption(output('text', 'json'))
    .action(async (options) =>
      done(await (await import('./commands/apply.ts')).apply(options, io)),
    );
  connected(program.command('get'))
    .description('list resources with their state')
    .argument('<kind>', 'a kind, its plural or short name (vs, wasmplugin, ...); all; problems')
    .argument('[name]')
    .option('-n, --namespace <name>', 'of this namespace alone')
    .addOption(output('text', 'json', 'yaml'))
    .action(async (kind, name, options) =>
      done(await (await import('./commands/get.ts')).get({ ...options, kind, name }, io)),
    );
  connected(program.command('delete'))
    .description('take an applied resource out of the mesh')
    .argument('<kind>')
    .argument('<name>')
    .option('-n, --namespace <name>', 'its namespace', 'default')
    .addOption(output('text', 'json'))
    .action(async (kind, name, options) =>
      done(await (await import('./commands/delete.ts')).remove({ ...options, kind, name }, io)),
    );
  program
    .command('analyze')
    .description('what is wrong with files of resources; needs no running mesh')
    .argument('<path...>', 'files and directories; - is standard input')
    .addOption(
      new Option('--failure-threshold <level>', 'exit with 79 from this level on')
        .choices(['error', 'warning', 'info'])
        .default('error'),
    )
    .addOption(output('text', 'json'))
    .action(async (paths, options) =>
      done(await (await import('./commands/analyze.ts')).analyze({ ...options, paths }, io)),
    );
}

/** Commands that look at proxies. */
function addInspectors(program: Command, io: Io, done: Done): void {
  connected(program.command('proxy-status'))
    .alias('ps')
    .description('which proxies are connected, and whether they took what they were sent')
    .addOption(output('text', 'json'))
    .action(async (options) =>
      done(await (await import('./commands/proxy-status.ts')).proxyStatus(options, io)),
    );
  connected(program.command('proxy-config'))
    .alias('pc')
    .description('what one proxy was told')
    .argument('<what>', 'cluster, listener, route, endpoint, extension or all')
    .argument('<proxy>', 'workload.namespace, or the node id')
    .addOption(output('text', 'json', 'yaml'))
    .action(async (what, proxy, options) =>
      done(
        await (await import('./commands/proxy-config.ts')).proxyConfig(
          { ...options, what, proxy },
          io,
        ),
      ),
    );
}
