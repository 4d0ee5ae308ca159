/** How bad it is. An `error` keeps the thing it names from taking effect; a `warning` does not. */
export type Level = 'error' | 'warning' | 'info';

/** Where a problem was found; every part is optional, but one of `file` and `resource` is there. */
export interface Origin {
  /** Path as the user gave it. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based. */
  readonly column?: number;
  /** `Kind namespace/name`, or an xDS resource name. */
  readonly resource?: string;
  /** Field path, e.g. `spec.http[0].route[0].weight` or `virtual_hosts[2].routes[0]`. */
  readonly path?: string;
  /** The source line as written, for the caret. */
  readonly sourceLine?: string;
  /** How many columns the caret marks; default 1. */
  readonly length?: number;
}

/** One thing that is wrong: what, where, and what to do about it. */
export interface Problem {
  readonly level: Level;
  /** `IST0101` where Istio names the fault, else `LAT` and four digits. Stable. */
  readonly code: string;
  readonly message: string;
  readonly origin: Origin;
  /** What to do: a command or the corrected line. */
  readonly fix?: string;
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.level === 'error');
}

/**
 * `file:line:col level CODE message`, then the source line with a caret and the fix, if known. The
 * field's path is left out where line and column say the same.
 */
export function formatProblem(problem: Problem): string {
  const { origin } = problem;
  const lines = [`${formatOrigin(origin)} ${problem.level} ${problem.code} ${problem.message}`];
  if (origin.sourceLine !== undefined && origin.line !== undefined) {
    const gutter = `${origin.line} | `;
    lines.push(`  ${gutter}${origin.sourceLine}`);
    if (origin.column !== undefined) {
      const pad = ' '.repeat(2 + gutter.length + origin.column - 1);
      lines.push(`${pad}${'^'.repeat(Math.max(1, origin.length ?? 1))}`);
    }
  }
  if (problem.fix !== undefined) lines.push(`  fix: ${problem.fix}`);
  return lines.join('\n');
}

function formatOrigin(origin: Origin): string {
  const parts: string[] = [];
  if (origin.file !== undefined) {
    const position = [origin.line, origin.column].filter((n) => n !== undefined);
    parts.push([origin.file, ...position].join(':'));
  } else if (origin.resource !== undefined) {
    parts.push(origin.resource);
  }
  const placed = origin.file !== undefined && origin.column !== undefined;
  if (!placed && origin.path !== undefined && origin.path !== '') parts.push(origin.path);
  return parts.join(' ');
}
