import { relative } from 'node:path';
import { EXIT_FAILED, type Format, type Io } from '../../io.ts';
import { giveUp, sayProblems } from '../../say.ts';
import { compileFilter, writeModule } from './compile.ts';
import { findProject } from './project.ts';

export interface BuildOptions {
  readonly directory: string;
  readonly release?: boolean;
  readonly output: Format;
}

/** Compiles a filter; says how big it is and how long that took. */
export async function build(options: BuildOptions, io: Io): Promise<number> {
  const project = await findProject(options.directory, io);
  if (!project.ok) return giveUp(project.error, io);
  const target = options.release === true ? 'release' : 'debug';
  const compiled = await compileFilter(project.value, target === 'release');
  const { bytes, problems, ms } = compiled;
  if (bytes !== null) await writeModule(project.value, compiled);
  const { out } = project.value;
  if (options.output === 'json') {
    const size = bytes?.length ?? null;
    io.out(JSON.stringify({ file: bytes === null ? null : out, target, size, ms, problems }));
  } else sayProblems(problems, io);
  if (bytes === null) return EXIT_FAILED;
  if (options.output === 'text') {
    const file = relative(io.environment.cwd, `${project.value.directory}/${out}`);
    const size = bytes.length.toLocaleString('en-US');
    io.out(`${file}  ${size} bytes  ${target}, compiled in ${Math.round(ms)} ms`);
  }
  return 0;
}
