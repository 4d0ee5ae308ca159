import type { Level, Problem } from '@lateen/sdk/base/problem';
import type { ConfigObject } from '../../api/object.ts';
import { parseDocuments } from '../../api/parse.ts';
import { buildMesh } from '../../mesh/build.ts';
import { checkPlugins } from '../../modules/check.ts';
import { checkLocalModules } from '../../modules/check-local.ts';
import { EXIT_FINDINGS, type Io } from '../io.ts';
import { paintFor } from '../paint.ts';
import { giveUp, paintProblem } from '../say.ts';
import { readInputs } from './files.ts';

export interface AnalyzeOptions {
  readonly paths: readonly string[];
  readonly failureThreshold: Level;
  readonly output: 'text' | 'json';
}

const SEVERITY: readonly Level[] = ['info', 'warning', 'error'];

/** Reads files as the control plane would and says what is wrong with them, each and together. */
export async function analyze(options: AnalyzeOptions, io: Io): Promise<number> {
  const { files, problems: unread } = await readInputs(options.paths, io);
  const [first] = unread;
  if (first !== undefined) return giveUp(first, io);
  const objects: ConfigObject[] = [];
  const problems: Problem[] = [];
  for (const input of files) {
    const parsed = parseDocuments(input);
    objects.push(...parsed.value.objects);
    problems.push(...parsed.problems);
  }
  problems.push(...buildMesh(objects).problems, ...checkPlugins(objects));
  problems.push(...checkLocalModules(objects));
  if (options.output === 'json') io.out(JSON.stringify(problems));
  else report(problems, { files: files.length, objects }, io);
  const threshold = SEVERITY.indexOf(options.failureThreshold);
  const found = problems.some(({ level }) => SEVERITY.indexOf(level) >= threshold);
  return found ? EXIT_FINDINGS : 0;
}

function report(
  problems: readonly Problem[],
  read: { readonly files: number; readonly objects: readonly ConfigObject[] },
  io: Io,
): void {
  const paint = paintFor(io.environment.color);
  for (const problem of problems) io.out(paintProblem(problem, io));
  const kinds = Map.groupBy(read.objects, ({ kind }) => kind);
  const counts = [...kinds].map(([kind, list]) => `${list.length} ${kind}`).sort();
  const what = counts.length === 0 ? '' : `: ${counts.join(', ')}`;
  io.out(`Read ${read.objects.length} resources in ${read.files} files${what}`);
  if (problems.length === 0) {
    io.out(paint('green', '✔ No validation issues found'));
    return;
  }
  const count = (level: Level): number => problems.filter((each) => each.level === level).length;
  io.out(`${count('error')} errors, ${count('warning')} warnings, ${count('info')} notes`);
}
