import type { ConnectedProxy } from '../xds/ads-server.ts';
import type { TypeDelivery } from '../xds/delivery.ts';
import { PUSH_ORDER, SHORT_NAMES } from '../xds/type-urls.ts';

export interface TypeStatus {
  /** CDS, EDS, LDS, RDS or ECDS. */
  readonly type: string;
  readonly state: TypeDelivery['state'];
  /** `*`, or how many names. */
  readonly subscribed: string;
  readonly resources: number;
  readonly sentAt: number | undefined;
  readonly ackedAt: number | undefined;
  readonly refusal: string | undefined;
}

export interface ProxyStatus {
  readonly id: string;
  /** `workload.namespace`, where the node id has one. */
  readonly name: string;
  readonly cluster: string;
  readonly agent: string;
  readonly dialect: 'delta' | 'sotw';
  readonly connectedAt: number;
  readonly version: string;
  readonly synced: boolean;
  readonly types: readonly TypeStatus[];
}

export function proxyStatus(proxy: ConnectedProxy): ProxyStatus {
  const { stream, since } = proxy;
  const deliveries = stream.deliveries();
  const types = PUSH_ORDER.map((typeUrl) => typeStatus(typeUrl, deliveries.get(typeUrl)));
  return {
    id: stream.node.id,
    name: proxyName(stream.node.id),
    cluster: stream.node.cluster,
    agent: stream.node.agent,
    dialect: stream.dialect,
    connectedAt: since,
    version: stream.snapshot.version,
    synced: types.every(({ state }) => state === 'synced' || state === 'not-sent'),
    types,
  };
}

/** `reviews-v1.default` of `sidecar~127.0.0.1~reviews-v1.default~default.svc.cluster.local`. */
export function proxyName(id: string): string {
  return id.split('~')[2] ?? id;
}

function typeStatus(typeUrl: string, delivery: TypeDelivery | undefined): TypeStatus {
  const type = SHORT_NAMES.get(typeUrl) ?? typeUrl;
  if (delivery === undefined) {
    const nothing = { sentAt: undefined, ackedAt: undefined, refusal: undefined };
    return { type, state: 'not-sent', subscribed: '-', resources: 0, ...nothing };
  }
  return {
    type,
    state: delivery.state,
    subscribed: delivery.subscribed,
    resources: delivery.resources.size,
    sentAt: delivery.sentAt,
    ackedAt: delivery.ackedAt,
    refusal: delivery.refusal?.message,
  };
}
