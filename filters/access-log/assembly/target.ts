import { openSink } from '@lateen/sdk/assembly/host/sink';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { Format } from './format/format';
import { readJsonFormat } from './format/json-format';
import { readTextFormat } from './format/text-format';
import { beginFields } from './operator/fields';

const FILE = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';
const STDOUT = 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog';
const STDERR = 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog';

/** Envoy's default format. */
const DEFAULT_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" ' +
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** Where lines go, and what they look like. */
export class Target {
  readonly format: Format;
  readonly sink: u32;

  constructor(format: Format, sink: u32) {
    this.format = format;
    this.sink = sink;
  }
}

export function isTarget(type: string): bool {
  return type === FILE || type === STDOUT || type === STDERR;
}

/** A FileAccessLog, StdoutAccessLog or StderrAccessLog message. */
export function readTarget(reader: JsonReader): Target {
  const type = reader.text('@type');
  if (!isTarget(type))
    reader.complain('', 'is not a kind of access log that is supported: ' + type);
  const path = pathOf(type, reader);
  beginFields();
  const format = readFormat(reader);
  reader.refuseUnread();
  if (reader.complaint.made) return new Target(format, 0);
  const sink = openSink(path);
  if (sink === 0) reader.complain('path', 'cannot be opened: ' + path);
  return new Target(format, sink);
}

function pathOf(type: string, reader: JsonReader): string {
  if (type === STDOUT) return '/dev/stdout';
  if (type === STDERR) return '/dev/stderr';
  const path = reader.text('path');
  if (path.length === 0) reader.complain('path', 'is missing');
  return path;
}

function readFormat(reader: JsonReader): Format {
  if (reader.has('logFormat')) return readSubstitutionFormat(reader.child('logFormat'));
  if (reader.has('format')) return readTextFormat(reader.text('format'), reader, 'format', false);
  if (reader.has('jsonFormat')) return readJsonFormat(reader, 'jsonFormat', false);
  if (reader.has('typedJsonFormat')) return readJsonFormat(reader, 'typedJsonFormat', false);
  return readTextFormat(DEFAULT_FORMAT, reader, 'logFormat', false);
}

/** SubstitutionFormatString. */
function readSubstitutionFormat(reader: JsonReader): Format {
  const omitEmpty = reader.flag('omitEmptyValues');
  reader.ignore(['contentType']);
  reader.warn(['jsonFormatOptions']);
  let format = new Format();
  if (reader.has('jsonFormat')) {
    format = readJsonFormat(reader, 'jsonFormat', omitEmpty);
  } else if (reader.has('textFormatSource')) {
    const source = reader.child('textFormatSource');
    format = readTextFormat(source.text('inlineString'), source, 'inlineString', omitEmpty);
    source.refuseUnread();
  } else if (reader.has('textFormat')) {
    format = readTextFormat(reader.text('textFormat'), reader, 'textFormat', omitEmpty);
  } else {
    reader.complain('', 'needs text_format_source, text_format or json_format');
  }
  reader.refuseUnread();
  return format;
}
