/** The first complaint of a tree of readers: which field, and what is wrong with it. */
export class JsonComplaint {
  path: string = '';
  message: string = '';

  get made(): bool {
    return this.message.length > 0;
  }

  make(path: string, message: string): void {
    if (this.made) return;
    this.path = path;
    this.message = message;
  }
}
