/**
 * Builds the value of a `set-cookie` header (RFC 6265, 4.1). It begins safe: `Path=/`, `HttpOnly`,
 * `Secure` and `SameSite=Lax`; switch off what you must.
 */
export class SetCookie {
  readonly name: string;
  readonly value: string;
  path: string = '/';
  /** Empty: the host that sets it, and no other. */
  domain: string = '';
  /** Seconds; -1: until the browser is closed; 0 removes the cookie. */
  maxAge: i64 = -1;
  secure: bool = true;
  httpOnly: bool = true;
  /** `Lax`, `Strict`, `None` (needs `secure`), or empty. */
  sameSite: string = 'Lax';

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
  }

  /** One that takes the cookie away. */
  static removing(name: string): SetCookie {
    const cookie = new SetCookie(name, '');
    cookie.maxAge = 0;
    return cookie;
  }

  /** Null where a name or value holds what no cookie can: encode such values first (`percentEncode`). */
  build(): string | null {
    if (this.name.length === 0 || !isClean(this.name, '=;,"()<>@:/[]?{}\\ ')) return null;
    if (!isClean(this.value, ';,"\\ ')) return null;
    if (!isClean(this.path, ';') || !isClean(this.domain, ';, ')) return null;
    let text = this.name + '=' + this.value;
    if (this.path.length > 0) text += '; Path=' + this.path;
    if (this.domain.length > 0) text += '; Domain=' + this.domain;
    if (this.maxAge >= 0) text += '; Max-Age=' + this.maxAge.toString();
    if (this.secure) text += '; Secure';
    if (this.httpOnly) text += '; HttpOnly';
    return this.sameSite.length > 0 ? text + '; SameSite=' + this.sameSite : text;
  }
}

/** Printable ASCII without the banned characters. */
function isClean(text: string, banned: string): bool {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e || banned.includes(String.fromCharCode(unit))) return false;
  }
  return true;
}
