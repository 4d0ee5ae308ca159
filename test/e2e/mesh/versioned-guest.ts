import { readFile } from 'node:fs/promises';
import { compileAssembly } from '@lateen/filters/compile-assembly';
import { TemporaryDirectory } from '../../kit/temporary-directory.ts';

/**
 * A filter whose version shows: in a request header (the origin sends it back), in a response
 * header, and at the end of the body where the request asks for it by `x-body`. With `x-pause` it
 * holds the request until its timer lets it go. Its name in the answers is `MARK` and the
 * configured `colour`.
 */
const SOURCE = `
import { actOn, setTickPeriod } from '@lateen/sdk/assembly/host/stream';
import {
  CONTINUE, continueRequest, HttpContext, PAUSE, registerRoot, requestHeaders, responseBody,
  responseHeaders, RootContext, sendLocalReply,
} from '@lateen/sdk/assembly/index';
import { acceptConfiguration, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/request-headers';
export * from '@lateen/sdk/assembly/exports/response-body';
export * from '@lateen/sdk/assembly/exports/response-headers';
export * from '@lateen/sdk/assembly/exports/tick';

const MARK = 'mark-0000';

class Versioned extends RootContext {
  version: string = '';
  waiting: i32[] = [];

  onConfigure(size: i32): bool {
    const reader = readConfigurationJson();
    if (reader === null) return false;
    this.version = MARK + '/' + reader.text('colour', 'none');
    reader.refuseUnread();
    setTickPeriod(5);
    return acceptConfiguration(reader);
  }

  createHttp(id: i32): HttpContext {
    return new Stream(id, this);
  }

  onTick(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (let i = 0; i < waiting.length; i++) {
      if (actOn(waiting[i])) continueRequest();
    }
  }
}

class Stream extends HttpContext {
  private readonly root: Versioned;
  private marksBody: bool = false;

  constructor(id: i32, root: Versioned) {
    super(id);
    this.root = root;
  }

  onRequestHeaders(count: i32, end: bool): i32 {
    requestHeaders.add('x-version', this.root.version);
    this.marksBody = requestHeaders.has('x-body');
    if (!requestHeaders.has('x-pause')) return CONTINUE;
    this.root.waiting.push(this.id);
    return PAUSE;
  }

  onResponseHeaders(count: i32, end: bool): i32 {
    responseHeaders.add('x-version', this.root.version);
    if (this.marksBody) responseHeaders.remove('content-length');
    return CONTINUE;
  }

  onResponseBody(size: i32, end: bool): i32 {
    if (this.marksBody && end) responseBody.append('\\n' + this.root.version);
    return CONTINUE;
  }

  onDelete(): void {
    const at = this.root.waiting.indexOf(this.id);
    if (at >= 0) this.root.waiting.splice(at, 1);
  }
}

registerRoot((id) => new Versioned(id));
`;

/** The module under any four digits: other bytes, another digest, another mark. */
export interface VersionedGuest {
  bytes(number: number): Uint8Array;
}

export async function compileVersionedGuest(): Promise<VersionedGuest> {
  const original = await compileWithSdk(SOURCE);
  const text = Buffer.from(original).toString('latin1');
  const mark = (number: number) => {
    const digits = String(number).padStart(4, '0');
    return Buffer.from(`mark-${digits}`, 'utf16le').toString('latin1');
  };
  if (text.split(mark(0)).length !== 2)
    throw new Error('the mark does not stand in the module once');
  return { bytes: (number) => Buffer.from(text.replace(mark(0), mark(number)), 'latin1') };
}

/** Compiles a filter on top of our SDK. */
export async function compileWithSdk(source: string): Promise<Uint8Array> {
  await using directory = await TemporaryDirectory.make({ 'guest.ts': source });
  const out = directory.join('guest.wasm');
  await compileAssembly({ entry: directory.join('guest.ts'), out, flags: ['-O1'] });
  return await readFile(out);
}
