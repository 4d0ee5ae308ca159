import type { DebugInfo } from './debug-info.ts';
import { originalPosition } from './positions.ts';
import { SourceMap, type SourcePosition } from './source-map.ts';

/** Where in its own source a guest was when it ended. */
export interface GuestTrace {
  /** ` at render (src/page.ts:12:5) < handle (src/index.ts:8:3)`; empty where nothing is known. */
  readonly text: string;
  /** The line with a caret, of the author's innermost function; empty without the sources. */
  readonly frame: string;
}

interface Frame {
  readonly name: string;
  /** In the module as delivered. */
  readonly offset: number;
  readonly position: SourcePosition | null;
}

const FRAMES_MAX = 4;
const NOTHING: GuestTrace = { text: '', frame: '' };
/** Sources that come with the compiler: the author looks for his own first. */
const LIBRARY = /^~lib\/|\/rustc\/|\/rust\/library\//;

/** The guest's innermost functions: by name, and by file and line where a source map says so. */
export function traceGuest(error: unknown, debug: DebugInfo): GuestTrace {
  if (!(error instanceof Error)) return NOTHING;
  const map = debug.sourceMap === '' ? null : SourceMap.parse(debug.sourceMap);
  const all = readStack(error.stack ?? '', debug, map);
  if (all.length === 0) return NOTHING;
  // Runtime functions above the author's own say nothing that he could mend.
  const own = all.findIndex(({ position }) => position !== null && isOwn(position.file));
  const shown = all.slice(Math.max(0, own), Math.max(0, own) + FRAMES_MAX);
  const inlined = own < 0 && map !== null ? map.near(all[0]!.offset, isOwn) : null;
  const position = inlined ?? shown[0]!.position;
  const near = inlined === null ? '' : `, near ${show(inlined)}`;
  return {
    text: ` at ${shown.map(showFrame).join(' < ')}${near}`,
    frame: map === null || position === null ? '' : map.frame(position),
  };
}

function readStack(stack: string, debug: DebugInfo, map: SourceMap | null): readonly Frame[] {
  const frames: Frame[] = [];
  for (const line of stack.split('\n')) {
    const place = /wasm:\/\/\S+?:wasm-function\[(\d+)\]:0x([0-9a-f]+)/.exec(line);
    if (place === null) continue;
    const offset = originalPosition(debug.pieces, Number.parseInt(place[2]!, 16));
    const name = /^\s*at (.+) \(wasm:/.exec(line)?.[1];
    frames.push({
      name: name ?? `function[${place[1]}]`,
      offset,
      position: map?.find(offset) ?? null,
    });
  }
  return frames;
}

function isOwn(file: string): boolean {
  return !LIBRARY.test(file);
}

function showFrame({ name, position }: Frame): string {
  return position === null ? name : `${name} (${show(position)})`;
}

function show({ file, line, column }: SourcePosition): string {
  return `${file}:${line}:${column}`;
}
