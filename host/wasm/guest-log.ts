import type { Clock } from '@lateen/sdk/base/clock';
import { LOG_LEVELS, type Log } from '@lateen/sdk/base/log';
import { limitField } from '@lateen/sdk/xds/plugin-limits';
import type { VmLimits } from './limits.ts';

const ERROR = 4;
const WARN = 3;
const INFO = 2;
const ERRORS_KEPT = 2;

/**
 * What a module logs: bounded in length and in lines per second, control bytes made visible (one
 * message is one line whatever is in it). The first error lines of each callback are kept, because
 * they are the best reason there is when the module traps or refuses its configuration then: a
 * panic says what it is before it prints a stack.
 */
export class GuestLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #limits: VmLimits;
  readonly #speaker: () => string;
  #secondBegan = Number.NEGATIVE_INFINITY;
  #linesInSecond = 0;
  #dropped = 0;
  #toldLimit = '';
  #toldAt = 0;
  readonly #partial = ['', ''];
  #errors: string[] = [];

  /** `speaker` names the plugin that runs, for the line's fields. */
  constructor(log: Log, clock: Clock, limits: VmLimits, speaker: () => string) {
    this.#log = log;
    this.#clock = clock;
    this.#limits = limits;
    this.#speaker = speaker;
  }

  /** The lowest level that is written (LOG_* of the ABI). */
  get level(): number {
    const index = LOG_LEVELS.findIndex((level) => this.#log.enabled(level));
    return index < 0 ? LOG_LEVELS.length - 1 : index;
  }

  /** Whether a message of that level has to be read at all. */
  wants(level: number): boolean {
    return level >= ERROR || this.#log.enabled(LOG_LEVELS[level]);
  }

  /** What the module complained of since `forgetErrors`, empty where it did not. */
  get errors(): string {
    return this.#errors.join('; ');
  }

  forgetErrors(): void {
    if (this.#errors.length > 0) this.#errors = [];
  }

  /** That a limit was reached: once a second, so that the module's own lines have room. */
  tellLimit(text: string, speaker?: string): void {
    const now = this.#clock.now();
    if (text === this.#toldLimit && now - this.#toldAt < 1000) return;
    this.#toldLimit = text;
    this.#toldAt = now;
    this.write(WARN, text, speaker);
  }

  /** `speaker` where no callback of the plugin runs. */
  write(level: number, text: string, speaker = this.#speaker()): void {
    const kept = level >= ERROR && this.#errors.length < ERRORS_KEPT;
    const written = this.#log.enabled(LOG_LEVELS[level]) && this.#inBudget();
    if (!kept && !written) return;
    const message = visible(text.slice(0, this.#limits.logLineBytesMax));
    if (kept) this.#errors.push(message);
    if (written) this.#log.write(LOG_LEVELS[level], message, { plugin: speaker });
  }

  /** Bytes for descriptor 1 or 2; whole lines are logged, the rest waits for its end. */
  writeStream(descriptor: 1 | 2, text: string): void {
    const at = descriptor - 1;
    const lines = (this.#partial[at] + text).split('\n');
    const rest = lines.pop() ?? '';
    const level = descriptor === 1 ? INFO : ERROR;
    for (const line of lines) if (line !== '') this.write(level, line);
    this.#partial[at] = rest.slice(0, this.#limits.logLineBytesMax);
  }

  /** Logs what never got its line end; before a fault is told. */
  flush(): void {
    if (this.#partial[1] !== '') this.writeStream(2, '\n');
    if (this.#partial[0] !== '') this.writeStream(1, '\n');
  }

  #inBudget(): boolean {
    const now = this.#clock.now();
    if (now - this.#secondBegan >= 1000) {
      this.#secondBegan = now;
      this.#linesInSecond = 0;
      if (this.#dropped > 0) {
        const fields = { plugin: this.#speaker() };
        this.#log.write(
          'warn',
          `${this.#dropped} lines of the module were dropped (${limitField('logLinesPerSecond')})`,
          fields,
        );
        this.#dropped = 0;
      }
    }
    if (this.#linesInSecond >= this.#limits.logLinesPerSecondMax) {
      this.#dropped++;
      return false;
    }
    this.#linesInSecond++;
    return true;
  }
}

/** Control bytes as escapes, so that a message cannot forge a line or drive a terminal. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for.
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/g, (char) => {
    const code = char.charCodeAt(0);
    if (char === '\n') return '\\n';
    if (char === '\r') return '\\r';
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}
