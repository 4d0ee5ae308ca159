import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { HeaderSlots } from '@lateen/sdk/assembly/match/header-slot';
import { HeaderEdits } from './header-edits';
import { PathIndex } from './path-index';
import { Route } from './route';

const DATA = ['name', 'metadata', 'typedPerFilterConfig', 'retryPolicy'];
const HARMLESS = [
  'virtualClusters',
  'hedgePolicy',
  'requestMirrorPolicies',
  'perRequestBufferLimitBytes',
  'requestBodyBufferLimit',
  'includeAttemptCountInResponse',
  'includeIsTimeoutRetryHeader',
];

/** `envoy.config.route.v3.VirtualHost`, compiled. */
export class VirtualHost {
  readonly domains: Array<string>;
  readonly routes: StaticArray<Route>;
  readonly paths: PathIndex;
  readonly requestEdits: HeaderEdits | null;
  readonly responseEdits: HeaderEdits | null;
  /** Sends plaintext requests to https. */
  readonly requireTls: bool;
  readonly attemptCount: bool;
  readonly largestBody: i32;

  constructor(reader: JsonReader) {
    this.domains = reader.texts('domains');
    const routes = readRoutes(reader);
    this.routes = routes;
    this.paths = new PathIndex(routes);
    this.requestEdits = HeaderEdits.read(reader, 'request');
    this.responseEdits = HeaderEdits.read(reader, 'response');
    const tls = reader.text('requireTls', 'NONE');
    this.requireTls = tls === 'ALL';
    if (tls === 'EXTERNAL_ONLY') reader.complain('requireTls', 'EXTERNAL_ONLY is not supported');
    this.attemptCount = reader.flag('includeRequestAttemptCount');
    this.largestBody = largestBody(routes);
    reader.ignore(DATA);
    reader.warn(HARMLESS);
    reader.refuseUnread();
  }
}

function readRoutes(reader: JsonReader): StaticArray<Route> {
  const slots = new HeaderSlots(REQUEST_HEADERS);
  const children = reader.children('routes');
  const routes: Route[] = [];
  for (let i = 0; i < children.length; i++) routes.push(new Route(children[i], i, slots));
  return StaticArray.fromArray(routes);
}

function largestBody(routes: StaticArray<Route>): i32 {
  let largest = 0;
  for (let i = 0; i < routes.length; i++) {
    const direct = routes[i].direct;
    if (direct !== null) largest = max(largest, direct.body.size);
  }
  return largest;
}
