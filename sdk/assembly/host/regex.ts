import { FN_REGEX_COMPILE, FN_REGEX_MATCH, FN_REGEX_REPLACE } from '../../abi/extensions';
import { OK } from '../../abi/status';
import { allocate } from '../arena';
import { Bytes } from '../bytes/bytes';
import { callForeign } from './foreign';

const COMPILE = Bytes.of(FN_REGEX_COMPILE);
const MATCH = Bytes.of(FN_REGEX_MATCH);
const REPLACE = Bytes.of(FN_REGEX_REPLACE);
const answer = new Bytes();

/** A regular expression of RE2's syntax, run by the host in linear time. */
export class Regex {
  private readonly id: u32;

  /** `id` as the host gave it; `compile` makes one. */
  constructor(id: u32) {
    this.id = id;
  }

  /** Null where the pattern is not valid, or the host is not Lateen. */
  static compile(pattern: string): Regex | null {
    const bytes = Bytes.of(pattern);
    if (callForeign(COMPILE, bytes.pointer, bytes.size, answer) !== OK) return null;
    return answer.size === 4 ? new Regex(load<u32>(answer.pointer)) : null;
  }

  /** Whether the whole of the bytes matches. */
  matches(text: Bytes): bool {
    const question = allocate(4 + text.size);
    store<u32>(question, this.id);
    memory.copy(question + 4, text.pointer, text.size);
    if (callForeign(MATCH, question, 4 + text.size, answer) !== OK) return false;
    return answer.size === 1 && answer.byte(0) === 1;
  }

  /** Points `out` to the text with every match replaced (`\1` stands for a group). */
  replaceAll(text: Bytes, rewrite: Bytes, out: Bytes): bool {
    const size = 8 + text.size + rewrite.size;
    const question = allocate(size);
    store<u32>(question, this.id);
    store<u32>(question, text.size, 4);
    memory.copy(question + 8, text.pointer, text.size);
    memory.copy(question + 8 + text.size, rewrite.pointer, rewrite.size);
    return callForeign(REPLACE, question, size, out) === OK;
  }
}
