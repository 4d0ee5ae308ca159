import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Becomes the control plane: same process, same terminal, other program. */
export function execControlPlane(args: readonly string[]): never {
  return become(controlPlaneEntry(), args);
}

export function execProxy(args: readonly string[]): never {
  return become(proxyEntry(), args);
}

/** The proxy's entry file, source or emitted, whichever this process runs on. */
export function proxyEntry(): string {
  return fileURLToPath(import.meta.resolve('@lateen/host/main'));
}

/** The control plane's entry file. */
export function controlPlaneEntry(): string {
  return fileURLToPath(new URL(`../../main${ending()}`, import.meta.url));
}

function ending(): string {
  const source = fileURLToPath(new URL('../../main.ts', import.meta.url));
  return import.meta.url.endsWith('.ts') && existsSync(source) ? '.ts' : '.js';
}

function become(file: string, args: readonly string[]): never {
  const command = [process.execPath, ...process.execArgv, file, ...args];
  return process.execve!(process.execPath, command, process.env);
}
