import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { ComparisonFilter } from './comparison-filter';
import { FilterList } from './filter-list';
import { FlagFilter } from './flag-filter';
import { GrpcStatusFilter } from './grpc-status-filter';
import { HeaderFilter } from './header-filter';
import { LogFilter } from './log-filter';
import { SampleFilter } from './sample-filter';

const NANOS_PER_MS: i64 = 1000000;
/** A stream is logged once, at its end. */
const LOG_TYPE = 'DownstreamEnd';

/** An AccessLogFilter message; what it cannot honour is a complaint of the reader. */
export function readFilter(reader: JsonReader): LogFilter {
  const filter = readSpecifier(reader);
  reader.refuseUnread();
  return filter;
}

function readSpecifier(reader: JsonReader): LogFilter {
  if (reader.has('statusCodeFilter')) {
    return new ComparisonFilter('response.code', 1, reader.child('statusCodeFilter'));
  }
  if (reader.has('durationFilter')) {
    return new ComparisonFilter('request.duration', NANOS_PER_MS, reader.child('durationFilter'));
  }
  if (reader.has('andFilter')) return readList(reader.child('andFilter'), true);
  if (reader.has('orFilter')) return readList(reader.child('orFilter'), false);
  if (reader.has('headerFilter')) return new HeaderFilter(reader.child('headerFilter'));
  if (reader.has('responseFlagFilter')) return new FlagFilter(reader.child('responseFlagFilter'));
  if (reader.has('grpcStatusFilter')) return new GrpcStatusFilter(reader.child('grpcStatusFilter'));
  if (reader.has('runtimeFilter')) return new SampleFilter(reader.child('runtimeFilter'));
  if (reader.has('logTypeFilter')) return readLogType(reader.child('logTypeFilter'));
  if (reader.has('notHealthCheckFilter')) {
    // Only a health check filter marks requests as checks, and no chain here has one.
    reader.ignore(['notHealthCheckFilter']);
    return new LogFilter();
  }
  reader.refuseUnread();
  reader.complain('', 'has no kind of filter');
  return new LogFilter();
}

function readList(reader: JsonReader, all: bool): LogFilter {
  const children = reader.children('filters');
  const filters: LogFilter[] = [];
  for (let i = 0; i < children.length; i++) filters.push(readFilter(children[i]));
  reader.refuseUnread();
  return new FilterList(filters, all);
}

/** An empty FilterList says `all`: yes for an empty and_filter, no for an empty or_filter. */
function readLogType(reader: JsonReader): LogFilter {
  const types = reader.texts('types');
  const exclude = reader.flag('exclude');
  reader.refuseUnread();
  return new FilterList([], types.includes(LOG_TYPE) !== exclude);
}
