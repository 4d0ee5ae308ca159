import { Bytes } from '../bytes/bytes';
import { Regex } from './regex';

/** More patterns than this are compiled anew each time: patterns belong into code or configuration. */
const KNOWN_MAX = 256;
const known = new Map<string, Regex | null>();

/** The pattern, compiled at its first use; null where it is not valid or the host is not Lateen. */
export function patternOf(pattern: string): Regex | null {
  if (known.has(pattern)) return known.get(pattern);
  const regex = Regex.compile(pattern);
  if (known.size < KNOWN_MAX) known.set(pattern, regex);
  return regex;
}

/** Whether the whole text matches (RE2's syntax, linear time); false where the pattern is not valid. */
export function matchesPattern(text: string, pattern: string): bool {
  const regex = patternOf(pattern);
  return regex !== null && regex.matches(Bytes.of(text));
}

/** The text with every match replaced (`\1` stands for a group); as it is where that cannot be done. */
export function replacePattern(text: string, pattern: string, rewrite: string): string {
  const regex = patternOf(pattern);
  const result = new Bytes();
  const source = Bytes.of(text);
  if (regex === null || !regex.replaceAll(source, Bytes.of(rewrite), result)) return text;
  return result.toString();
}
