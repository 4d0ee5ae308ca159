import * as levels from '../../abi/buffers';
import { OK } from '../../abi/status';
import { epoch } from '../arena';
import { utf8, utf8Size } from '../bytes/text';
import { proxy_get_log_level, proxy_log } from '../env';
import { OUT } from './out';

let knownLevel = levels.LOG_INFO;
let knownAt: u32 = u32.MAX_VALUE;

/** Whether the host wants lines of this level; asked at most once per callback. */
export function logs(level: i32): bool {
  if (knownAt !== epoch) {
    knownAt = epoch;
    if (proxy_get_log_level(OUT) === OK) knownLevel = load<i32>(OUT);
  }
  return level >= knownLevel;
}

/**
 * Logs `text`, its `{}` replaced by `a` and `b` in turn. Below the host's level nothing is built:
 * pass the parts, don't join them yourself: `debug('{} has no {}', name, key)`.
 */
export function log(level: i32, text: string, a: string = '', b: string = ''): void {
  if (!logs(level)) return;
  let line = text;
  if (a.length > 0) line = fill(line, a);
  if (b.length > 0) line = fill(line, b);
  const bytes = utf8(line);
  proxy_log(level, bytes, utf8Size);
}

/** `log` at the level trace. */
export function trace(text: string, a: string = '', b: string = ''): void {
  log(levels.LOG_TRACE, text, a, b);
}

/** `log` at the level debug. */
export function debug(text: string, a: string = '', b: string = ''): void {
  log(levels.LOG_DEBUG, text, a, b);
}

/** `log` at the level info. */
export function info(text: string, a: string = '', b: string = ''): void {
  log(levels.LOG_INFO, text, a, b);
}

/** `log` at the level warn. */
export function warn(text: string, a: string = '', b: string = ''): void {
  log(levels.LOG_WARN, text, a, b);
}

/** `log` at the level error. */
export function error(text: string, a: string = '', b: string = ''): void {
  log(levels.LOG_ERROR, text, a, b);
}

function fill(text: string, part: string): string {
  const at = text.indexOf('{}');
  return at < 0 ? text : text.substring(0, at) + part + text.substring(at + 2);
}
