import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { EXIT_USAGE, type Format, type Io } from '../../io.ts';
import { cannot, giveUp, sayProblems } from '../../say.ts';

export interface NewOptions {
  /** Path of the folder to make; its last part is the filter's name. */
  readonly name: string;
  readonly template: string;
  readonly output: Format;
}

const TEMPLATES = join(
  dirname(createRequire(import.meta.url).resolve('@lateen/sdk/package.json')),
  'templates',
);
const NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** Files in which the template's name stands for the filter's. */
const NAMED = ['package.json', 'plugin.yaml', 'README.md', 'filter.test.ts'];

/** Writes a folder that builds and tests by itself. */
export async function create(options: NewOptions, io: Io): Promise<number> {
  const directory = resolve(io.environment.cwd, options.name);
  const name = basename(directory);
  if (!NAME.test(name)) {
    const fix = 'small letters, digits and hyphens, at most 63, a letter first';
    sayProblems([cannot(`${name} cannot name a filter`, fix)], io);
    return EXIT_USAGE;
  }
  const templates = await readdir(TEMPLATES);
  if (!templates.includes(options.template)) {
    const fix = `there are ${templates.join(', ')}`;
    sayProblems([cannot(`there is no template ${options.template}`, fix)], io);
    return EXIT_USAGE;
  }
  const present = await readdir(directory).catch(() => []);
  if (present.length > 0) {
    return giveUp(cannot(`${options.name} is there and not empty`, 'give another name'), io);
  }
  await copyTemplate(options.template, directory, name);
  const files = (await readdir(directory)).sort();
  if (options.output === 'json') io.out(JSON.stringify({ name, directory, files }));
  else io.out(nextSteps(options, files, io.environment.command));
  return 0;
}

async function copyTemplate(template: string, directory: string, name: string): Promise<void> {
  const source = join(TEMPLATES, template);
  await mkdir(directory, { recursive: true });
  // A template's own test needs the repository that it comes from.
  const filter = (path: string) => basename(path) !== `${template}.test.ts`;
  await cp(source, directory, { recursive: true, filter });
  for (const file of NAMED) {
    const path = join(directory, file);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) await writeFile(path, renamed(text, template, name));
  }
}

/** The name where it stands alone: as a title, a value or a file, not in the midst of prose. */
function renamed(text: string, template: string, name: string): string {
  return text
    .replaceAll(`${template}.wasm`, `${name}.wasm`)
    .replaceAll(`"name": "${template}"`, `"name": "${name}"`)
    .replace(new RegExp(`^(# |  name: )${template}$`, 'gm'), `$1${name}`);
}

function nextSteps(options: NewOptions, files: readonly string[], command: string): string {
  return [
    `${options.name}: ${files.join(', ')}`,
    '',
    'Next:',
    `  cd ${options.name}`,
    '  npm install',
    `  ${command} filter build --release`,
    `  ${command} filter call`,
  ].join('\n');
}
