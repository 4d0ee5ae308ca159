/** One thing that a file of the AssemblyScript SDK exports, or a member of an exported class. */
export interface PublicSymbol {
  /** `Bytes`, `Bytes.trim`. */
  readonly name: string;
  /** As it is declared, without its body. */
  readonly signature: string;
  /** The text of its doc comment; empty where it has none. */
  readonly doc: string;
  readonly line: number;
  readonly member: boolean;
}

const EXPORT = /^export (?:abstract )?(class|function|const|let) (\w+)/;
/** A member that is not private, two blanks deep. */
const MEMBER =
  /^ {2}(?!private |constructor|return|if|for|while|}|\/|\*| )(?:static )?(?:readonly )?(?:get |set )?(\w+)(?:<\w+>)?[(:]/;

/** What a source exports, in order. The sources keep to one style, which the formatter sees to. */
export function readSymbols(source: string): readonly PublicSymbol[] {
  const lines = source.split('\n');
  const symbols: PublicSymbol[] = [];
  let owner: string | undefined;
  for (const [index, line] of lines.entries()) {
    const exported = EXPORT.exec(line);
    if (exported !== null) {
      const [, kind, name] = exported;
      owner = kind === 'class' ? name : undefined;
      symbols.push(symbolAt(lines, index, name!, false));
      continue;
    }
    if (/^\S/.test(line) && !/^[})]/.test(line)) owner = undefined;
    const member = owner === undefined ? null : MEMBER.exec(line);
    if (member !== null) symbols.push(symbolAt(lines, index, `${owner}.${member[1]}`, true));
  }
  return symbols;
}

function symbolAt(
  lines: readonly string[],
  at: number,
  name: string,
  member: boolean,
): PublicSymbol {
  return {
    name,
    signature: signatureAt(lines, at),
    doc: docAbove(lines, at),
    line: at + 1,
    member,
  };
}

/** Up to the body, the value or the end of the statement; a list of parameters may take lines. */
function signatureAt(lines: readonly string[], at: number): string {
  let text = lines[at]!;
  for (let next = at + 1; count(text, '(') > count(text, ')'); next++) text += lines[next]!;
  const flat = text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\( /g, '(')
    .replaceAll(/,? ?\)/g, ')')
    .trim();
  const bare = flat.replace(/^export /, '').replace(/;$/, '');
  if (/^(const|let) /.test(bare)) return bare.length > 80 ? bare.replace(/ = .*$/, '') : bare;
  return bare.replace(/ \{(?: \})?\}?$/, '').replace(/ \{\}$/, '');
}

function docAbove(lines: readonly string[], at: number): string {
  let end = at - 1;
  while (end >= 0 && /^\s*\/\/ /.test(lines[end]!)) end--;
  if (end < 0 || !/\*\/$/.test(lines[end]!)) return '';
  let start = end;
  while (!/^\s*\/\*\*/.test(lines[start]!)) start--;
  return lines
    .slice(start, end + 1)
    .map((line) => line.replace(/ ?\*\/$/, '').replace(/^\s*\/?\*+ ?/, ''))
    .join('\n')
    .trim();
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
