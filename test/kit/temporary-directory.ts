import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A directory that is gone, with all in it, when the test ends. */
export class TemporaryDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(
    files: Readonly<Record<string, string | Uint8Array>> = {},
  ): Promise<TemporaryDirectory> {
    const directory = new TemporaryDirectory(await mkdtemp(join(tmpdir(), 'lateen-test-')));
    for (const [name, content] of Object.entries(files)) await directory.write(name, content);
    return directory;
  }

  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Writes a file, with the directories above it; returns its path. */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = this.join(name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    return path;
  }

  async read(name: string): Promise<string> {
    return await readFile(this.join(name), 'utf8');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
