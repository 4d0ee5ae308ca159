import { ok, type Result } from '@lateen/sdk/base/result';
import { failed, NOT_A_MODULE } from './problem.ts';

/** TypeScript has it in its DOM library only. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

/** Does the engine take it? The same engine runs in the proxies. */
export async function compileModule(bytes: Uint8Array): Promise<Result<void>> {
  const fault = faultOfHeader(bytes);
  if (fault !== undefined) return failed(NOT_A_MODULE, fault);
  try {
    await WebAssembly.compile(Uint8Array.from(bytes));
    return ok(undefined);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return failed(
      NOT_A_MODULE,
      `does not compile: ${message.replace(/^WebAssembly\.compile\(\): /, '')}`,
    );
  }
}

/** Why these bytes are no WebAssembly module at all. */
function faultOfHeader(bytes: Uint8Array): string | undefined {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) {
    return `not a WebAssembly module: ${appearance(bytes)}`;
  }
  const version =
    bytes.length >= 8 ? Buffer.from(bytes.buffer, bytes.byteOffset + 4, 4).readUInt32LE() : 0;
  if (version !== 1) {
    const what =
      (version & 0xffff) === 0x0d
        ? 'a WebAssembly component, not a core module'
        : `of WebAssembly version ${version}`;
    return `the module is ${what}`;
  }
  return undefined;
}

function appearance(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'it is empty';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'it is compressed with gzip';
  if (bytes[0] === 0x3c) return 'it looks like HTML';
  if (bytes[0] === 0x28) return 'it looks like WebAssembly text, not binary';
  return `it begins with ${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`;
}
