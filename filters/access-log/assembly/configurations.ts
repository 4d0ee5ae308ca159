import { IdMap } from '@lateen/sdk/assembly/bytes/id-map';
import { acceptMessage, readConfigurationJson } from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { LogFilter } from './filter/log-filter';
import { readFilter } from './filter/read-filter';
import { Format } from './format/format';
import { isTarget, readTarget, Target } from './target';

/** One access log: what passes, what a line looks like, where it goes. */
export class Logger {
  readonly filter: LogFilter;
  readonly format: Format;
  readonly sink: u32;

  constructor(filter: LogFilter, format: Format, sink: u32) {
    this.filter = filter;
    this.format = format;
    this.sink = sink;
  }
}

const loggers = new IdMap<Logger | null>();

export function loggerOf(root: i32): Logger | null {
  return loggers.get(root, null);
}

/** An AccessLog message, or the bare configuration of one of its kinds. */
export function acceptLogger(root: i32): bool {
  const reader = readConfigurationJson();
  if (reader === null) return false;
  const logger = readLogger(reader);
  if (!acceptMessage(reader)) return false;
  loggers.set(root, logger);
  return true;
}

export function forgetLogger(root: i32): void {
  loggers.remove(root);
}

function readLogger(reader: JsonReader): Logger {
  if (isTarget(reader.text('@type'))) return loggerFor(new LogFilter(), readTarget(reader));
  reader.ignore(['name']);
  const filter = reader.has('filter') ? readFilter(reader.child('filter')) : new LogFilter();
  if (!reader.has('typedConfig')) reader.complain('typedConfig', 'is missing');
  const target = readTarget(reader.child('typedConfig'));
  reader.refuseUnread();
  return loggerFor(filter, target);
}

function loggerFor(filter: LogFilter, target: Target): Logger {
  return new Logger(filter, target.format, target.sink);
}
