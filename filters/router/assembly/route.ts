import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';
import { HeaderSlots } from '@lateen/sdk/assembly/match/header-slot';
import { ClusterChoice } from './cluster-choice';
import { DirectResponse } from './direct-response';
import { HeaderEdits } from './header-edits';
import { HostRewrite } from './host-rewrite';
import { PathRewrite } from './path-rewrite';
import { Redirect } from './redirect';
import { RouteMatch } from './route-match';
import { RouteTimeouts } from './route-timeouts';

/** Fields that the host, or another module, reads by itself. */
const DATA = ['name', 'metadata', 'decorator', 'typedPerFilterConfig', 'statPrefix'];
const FORWARD_DATA = [
  'cluster',
  'clusterNotFoundResponseCode',
  'includeVhRateLimits',
  'retryPolicy',
  'upgradeConfigs',
];
/** Fields without effect here that change neither where a request goes nor who may send it. */
const HARMLESS = ['tracing', 'perRequestBufferLimitBytes', 'requestBodyBufferLimit'];
const FORWARD_HARMLESS = [
  'requestMirrorPolicies',
  'hashPolicy',
  'hedgePolicy',
  'priority',
  'flushTimeout',
  'earlyDataPolicy',
  'internalRedirectPolicy',
  'internalRedirectAction',
  'maxInternalRedirects',
];

/** What forwarding a request means. */
export class Forward {
  readonly clusters: ClusterChoice;
  readonly timeouts: RouteTimeouts;
  readonly path: PathRewrite | null;
  readonly host: HostRewrite;

  constructor(reader: JsonReader, match: RouteMatch) {
    this.clusters = new ClusterChoice(reader);
    this.timeouts = new RouteTimeouts(reader);
    this.path = PathRewrite.read(reader, match);
    this.host = new HostRewrite(reader);
    reader.ignore(FORWARD_DATA);
    reader.warn(FORWARD_HARMLESS);
    reader.refuseUnread();
  }
}

/** `envoy.config.route.v3.Route`, compiled. */
export class Route {
  readonly index: i32;
  readonly match: RouteMatch;
  readonly requestEdits: HeaderEdits | null;
  readonly responseEdits: HeaderEdits | null;
  /** Exactly one of the three. */
  forward: Forward | null = null;
  redirect: Redirect | null = null;
  direct: DirectResponse | null = null;
  /** The next route that the path index keeps at the same place. */
  next: Route | null = null;

  constructor(reader: JsonReader, index: i32, slots: HeaderSlots) {
    this.index = index;
    this.match = new RouteMatch(reader.child('match'), slots);
    this.requestEdits = HeaderEdits.read(reader, 'request');
    this.responseEdits = HeaderEdits.read(reader, 'response');
    this.readAction(reader);
    reader.ignore(DATA);
    reader.warn(HARMLESS);
    reader.refuseUnread();
  }

  private readAction(reader: JsonReader): void {
    if (reader.has('route')) this.forward = new Forward(reader.child('route'), this.match);
    else if (reader.has('redirect')) {
      this.redirect = new Redirect(reader.child('redirect'), this.match);
    } else if (reader.has('directResponse')) {
      this.direct = new DirectResponse(reader.child('directResponse'));
    } else {
      reader.refuseUnread();
      reader.complain('', 'needs route, redirect or direct_response');
    }
  }
}
