import type { SourceFile } from './sources.ts';

export interface LongFunction {
  readonly path: string;
  readonly line: number;
  readonly length: number;
}

/** A line that opens a function, method, getter or arrow with a block. */
const OPENS =
  /^(\s*)(?:(?:export|async|static|override|private|get|set)\s+)*(?:function\b.*|(?:const|let)\s+\w+.*=>\s*|(?!(?:if|for|while|switch|catch|do|else|try|return|await)\b)[#\w]+(?:<.*>)?\(.*\).*|\)(?::[^{]*)?)\{$/;

/**
 * Functions and how many lines each has, from its head to its closing brace. Formatted code closes
 * a block at the indentation of the line that opened it, so no parser is needed.
 */
export function measureFunctions(file: SourceFile): readonly LongFunction[] {
  const found: LongFunction[] = [];
  file.lines.forEach((line, index) => {
    const indent = OPENS.exec(line)?.[1];
    if (indent === undefined || /^\s*\/?\*/.test(line)) return;
    // Calls of `describe` and its like hold tests, each of which is a function of its own.
    if (/^\s*(describe|suite)[.(]/.test(line)) return;
    const end = file.lines.findIndex(
      (other, at) =>
        at > index && other.startsWith(`${indent}}`) && !other.startsWith(`${indent} `),
    );
    if (end !== -1) found.push({ path: file.path, line: index + 1, length: end - index + 1 });
  });
  return found;
}
