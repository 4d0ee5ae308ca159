/** One challenge of a `WWW-Authenticate` field (RFC 9110 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  readonly params: ReadonlyMap<string, string>;
}

const FIELD_BYTES_MAX = 8192;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;

/** The challenges of the field; what cannot be read ends the list. */
export function parseChallenges(field: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  if (field.length > FIELD_BYTES_MAX) return challenges;
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  let params: Map<string, string> | undefined;
  for (;;) {
    take(/[\s,]*/y);
    const word = take(TOKEN)?.[0].toLowerCase();
    if (word === undefined) return challenges;
    if (params === undefined || take(/\s*=\s*/y) === null) {
      params = new Map();
      challenges.push({ scheme: word, params });
      continue;
    }
    const value = take(QUOTED)?.[1]?.replace(/\\(.)/g, '$1') ?? take(TOKEN)?.[0];
    if (value === undefined) return challenges;
    if (!params.has(word)) params.set(word, value);
  }
}
