const DEPTH_MAX = 64;

/** Walks over JSON text (RFC 8259) and says where and why it is not; builds nothing. */
export class JsonScanner {
  /** Empty as long as the text is JSON. */
  problem: string = '';
  at: usize = 0;
  private start: usize = 0;
  private end: usize = 0;
  private depth: i32 = 0;

  open(start: usize, end: usize): void {
    this.start = start;
    this.at = start;
    this.end = end;
    this.depth = 0;
  }

  get ok(): bool {
    return this.problem.length === 0;
  }

  get atEnd(): bool {
    return this.at >= this.end;
  }

  fail(message: string): void {
    if (this.ok) this.problem = message + ' at byte ' + (this.at - this.start).toString();
    this.at = this.end;
  }

  peek(): u8 {
    return this.at < this.end ? load<u8>(this.at) : 0;
  }

  skipBlanks(): void {
    while (this.at < this.end) {
      const byte = load<u8>(this.at);
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.at++;
    }
  }

  /** Steps over blanks and the value behind them. */
  skipValue(): void {
    this.skipBlanks();
    const byte = this.peek();
    if (byte === 0x7b) this.skipObject();
    else if (byte === 0x5b) this.skipArray();
    else if (byte === 0x22) this.skipString();
    else if (byte === 0x2d || isDigit(byte)) this.skipNumber();
    else if (!this.skipWord()) this.fail('a value is missing');
  }

  /** True where another element follows; steps over commas and the closing bracket. */
  more(closing: u8, first: bool): bool {
    if (!this.ok) return false;
    this.skipBlanks();
    const byte = this.peek();
    if (byte === closing) {
      this.at++;
      return false;
    }
    if (this.atEnd) this.fail('the text ends early');
    else if (first) return true;
    else if (byte !== 0x2c) this.fail('"," or a closing bracket is missing');
    else {
      this.at++;
      this.skipBlanks();
    }
    return this.ok;
  }

  /** Steps over a member's name and the colon. */
  skipName(): void {
    if (this.peek() !== 0x22) {
      this.fail('a member name is missing');
      return;
    }
    this.skipString();
    this.skipBlanks();
    if (this.peek() !== 0x3a) this.fail('":" is missing');
    else this.at++;
  }

  skipString(): void {
    this.at++;
    while (this.at < this.end) {
      const byte = load<u8>(this.at);
      if (byte < 0x20) break;
      this.at++;
      if (byte === 0x22) return;
      if (byte === 0x5c && !this.skipEscape()) return;
    }
    this.fail('a string does not end');
  }

  private skipObject(): void {
    if (!this.enter()) return;
    let first = true;
    while (this.more(0x7d, first)) {
      first = false;
      this.skipName();
      this.skipValue();
    }
    this.depth--;
  }

  private skipArray(): void {
    if (!this.enter()) return;
    let first = true;
    while (this.more(0x5d, first)) {
      first = false;
      this.skipValue();
    }
    this.depth--;
  }

  private enter(): bool {
    this.at++;
    if (++this.depth <= DEPTH_MAX) return true;
    this.fail('nested too deeply');
    return false;
  }

  private skipEscape(): bool {
    const byte = this.peek();
    this.at++;
    if (byte === 0x75) return this.skipHex();
    if (isShortEscape(byte)) return true;
    this.fail('not an escape');
    return false;
  }

  private skipHex(): bool {
    for (let i = 0; i < 4; i++) {
      if (hexDigit(this.peek()) < 0) {
        this.fail('not four hexadecimal digits');
        return false;
      }
      this.at++;
    }
    return true;
  }

  private skipNumber(): void {
    if (this.peek() === 0x2d) this.at++;
    const zero = this.peek() === 0x30;
    const places = this.skipDigits('not a number');
    if (zero && places > 1) this.fail('a number begins with zero');
    if (this.peek() === 0x2e) {
      this.at++;
      this.skipDigits('digits are missing');
    }
    if ((this.peek() | 0x20) !== 0x65) return;
    this.at++;
    if (this.peek() === 0x2b || this.peek() === 0x2d) this.at++;
    this.skipDigits('digits are missing');
  }

  private skipDigits(problem: string): i32 {
    const from = this.at;
    while (isDigit(this.peek())) this.at++;
    if (this.at === from) this.fail(problem);
    return <i32>(this.at - from);
  }

  private skipWord(): bool {
    return this.takes('null') || this.takes('true') || this.takes('false');
  }

  private takes(word: string): bool {
    if (<i32>(this.end - this.at) < word.length) return false;
    for (let i = 0; i < word.length; i++) {
      if (load<u8>(this.at + i) !== <u8>word.charCodeAt(i)) return false;
    }
    this.at += word.length;
    return true;
  }
}

/** Whether the byte is a decimal digit. */
export function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

/** What a hex digit stands for, or -1. */
export function hexDigit(byte: u8): i32 {
  if (isDigit(byte)) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** `"`, `\`, `/`, b, f, n, r, t */
function isShortEscape(byte: u8): bool {
  if (byte === 0x22 || byte === 0x5c || byte === 0x2f) return true;
  return byte === 0x62 || byte === 0x66 || byte === 0x6e || byte === 0x72 || byte === 0x74;
}
