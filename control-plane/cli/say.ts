import { formatProblem, type Problem } from '@lateen/sdk/base/problem';
import { EXIT_FAILED, type Io } from './io.ts';
import { paintFor } from './paint.ts';

/** Writes problems to standard error, in the one style. */
export function sayProblems(problems: readonly Problem[], io: Io): void {
  for (const problem of problems) io.err(paintProblem(problem, io));
}

/** A problem in the one style, its level in colour where there are colours. */
export function paintProblem(problem: Problem, io: Io): string {
  const paint = paintFor(io.environment.color);
  const colour = problem.level === 'error' ? 'red' : 'yellow';
  return formatProblem(problem).replace(
    ` ${problem.level} `,
    () => ` ${paint(colour, problem.level)} `,
  );
}

/** A command that cannot go on: says why, and is the exit code. */
export function giveUp(problem: Problem, io: Io): number {
  const { file, resource } = problem.origin;
  const placed = file !== undefined || resource !== undefined;
  const origin = placed ? problem.origin : { ...problem.origin, resource: 'lateen' };
  sayProblems([{ ...problem, origin }], io);
  return EXIT_FAILED;
}

export function cannot(message: string, fix?: string): Problem {
  const origin = { resource: 'lateen' };
  return {
    level: 'error',
    code: 'LAT0003',
    message,
    origin,
    ...(fix === undefined ? {} : { fix }),
  };
}
