import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { HeaderMatcher } from '@lateen/sdk/assembly/match/header-matcher';
import { HeaderSlots } from '@lateen/sdk/assembly/match/header-slot';
import { LogFilter } from './log-filter';

/** `header_filter`: a header of the request. */
export class HeaderFilter extends LogFilter {
  private readonly matcher: HeaderMatcher;

  constructor(reader: JsonReader) {
    super();
    const slots = new HeaderSlots(REQUEST_HEADERS);
    this.matcher = HeaderMatcher.read(reader.child('header'), slots);
    reader.refuseUnread();
  }

  passes(): bool {
    return this.matcher.matches();
  }
}
