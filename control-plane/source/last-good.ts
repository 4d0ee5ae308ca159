import type { Problem } from '@lateen/sdk/base/problem';
import { type ConfigObject, objectKey } from '../api/object.ts';
import { type ParsedFile, parseDocuments } from '../api/parse.ts';

/** What of one file is in force, and what was said about its text. */
export interface FileState {
  readonly mark: string;
  readonly objects: readonly ConfigObject[];
  readonly problems: readonly Problem[];
}

/**
 * Reads a file's new text over its old state. A file with a fault of syntax or schema changes
 * nothing that runs: it may be half-written, and an object that it lacks need not have been
 * deleted. Where a file never was whole, its good objects serve. An object that is well-formed but
 * not supported leaves its own last good version in place, and no other.
 */
export function nextFileState(
  earlier: FileState | undefined,
  input: { readonly file: string; readonly text: string; readonly mark: string },
): FileState {
  const { value, problems } = parseDocuments(input);
  const { mark } = input;
  if (!value.broken) return { mark, objects: keepRefused(earlier, value), problems };
  if (earlier === undefined || earlier.objects.length === 0) {
    return { mark, objects: value.objects, problems };
  }
  const kept: Problem = {
    level: 'info',
    code: 'LAT0106',
    message: `the last good version of this file goes on serving (${earlier.objects.length} objects)`,
    origin: { file: input.file },
  };
  return { mark, objects: earlier.objects, problems: [...problems, kept] };
}

/** The file cannot be read at all: what it held goes on serving. */
export function unreadableState(
  earlier: FileState | undefined,
  mark: string,
  problem: Problem,
): FileState {
  return { mark, objects: earlier?.objects ?? [], problems: [problem] };
}

function keepRefused(earlier: FileState | undefined, parsed: ParsedFile): readonly ConfigObject[] {
  const refused = new Set(parsed.refused);
  const kept = (earlier?.objects ?? []).filter((object) => refused.has(objectKey(object)));
  return [...parsed.objects, ...kept];
}
