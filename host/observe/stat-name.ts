/**
 * A statistic's name, both as Envoy prints it (`cluster.a.upstream_rq_total`) and as Prometheus
 * wants it (`envoy_cluster_upstream_rq_total{envoy_cluster_name="a"}`). The tags are told when the
 * name is made, instead of being dug out of it by patterns as Envoy does, so that dots in a
 * cluster's name confuse nobody.
 */
export interface StatName {
  /** As `/stats` shows it. */
  readonly full: string;
  /** For Prometheus: valid, prefixed where it is Envoy's own. */
  readonly metric: string;
  readonly tags: readonly (readonly [name: string, value: string])[];
}

/** A part of a dotted name that is a label's value. */
export interface Tag {
  readonly tag: string;
  readonly value: string;
}

/** `stat('cluster', clusterTag('a'), 'upstream_rq_200')`. */
export function stat(...parts: readonly (string | Tag)[]): StatName {
  const tags: [string, string][] = [];
  const full: string[] = [];
  const base: string[] = [];
  for (const part of parts) {
    if (typeof part === 'string') {
      full.push(part);
      base.push(part);
    } else {
      // Envoy keeps colons out of names, so that a port does not end one.
      full.push(part.value.replaceAll(':', '_'));
      tags.push([part.tag, part.value]);
    }
  }
  const dotted = extractResponseCode(base.join('.'), tags);
  return { full: full.join('.'), metric: `envoy_${metricName(dotted)}`, tags };
}

export function clusterTag(name: string): Tag {
  return { tag: 'envoy_cluster_name', value: name };
}

/** `127.0.0.1_8080`, or the listener's stat prefix. */
export function listenerTag(address: string): Tag {
  return { tag: 'envoy_listener_address', value: address.replaceAll(':', '_') };
}

export function httpTag(statPrefix: string): Tag {
  return { tag: 'envoy_http_conn_manager_prefix', value: statPrefix };
}

export function tcpTag(statPrefix: string): Tag {
  return { tag: 'envoy_tcp_prefix', value: statPrefix };
}

/** `..._rq_503` is one series of `..._rq`, `..._rq_5xx` one of `..._rq_xx`. */
function extractResponseCode(name: string, tags: [string, string][]): string {
  const match = /_rq_(\d)(\d\d|xx)$/.exec(name);
  if (match === null) return name;
  const stem = name.slice(0, match.index);
  if (match[2] === 'xx') {
    tags.push(['envoy_response_code_class', match[1]!]);
    return `${stem}_rq_xx`;
  }
  tags.push(['envoy_response_code', `${match[1]}${match[2]}`]);
  return `${stem}_rq`;
}

/**
 * The name of a module's own metric. Istio's modules put labels in front of it
 * (`reporter=.=source;.;istio_requests_total`); what is left stands unprefixed, as Envoy has it
 * for custom namespaces.
 */
export function guestStat(name: string): StatName {
  const parts = name.split(';.;');
  const bare = parts.pop() ?? '';
  const tags = parts.map((part): [string, string] => {
    const at = part.indexOf('=.=');
    return at < 0 ? [labelName(part), ''] : [labelName(part.slice(0, at)), part.slice(at + 3)];
  });
  return { full: name, metric: metricName(bare), tags };
}

/** What may follow the variable part of a name, so that dots in that part do no harm. */
const STRUCTURES: readonly (readonly [pattern: RegExp, tag: (value: string) => Tag])[] = [
  [
    /^cluster\.(.+?)\.((?:(?:circuit_breakers\.\w+|outlier_detection|internal|external|ssl)\.)?\w+)$/,
    clusterTag,
  ],
  [/^listener\.(.+?)\.((?:ssl\.|worker_\d+\.)?\w+)$/, listenerTag],
  // A filter's statistics stand one level deeper; its name begins with a letter, unlike what a dot
  // in an address leaves behind.
  [/^http\.(.+?)\.((?:[a-z]\w*\.)*[a-z]\w*)$/, httpTag],
  [/^tcp\.(.+?)\.(\w+)$/, tcpTag],
];

/** The name of a statistic of the host's own, from the dotted form in which Envoy prints it. */
export function envoyStat(full: string): StatName {
  for (const [pattern, tag] of STRUCTURES) {
    const match = pattern.exec(full);
    if (match !== null) return stat(full.slice(0, full.indexOf('.')), tag(match[1]!), match[2]!);
  }
  return stat(full);
}

/** What Prometheus allows in a metric's name. */
function metricName(name: string): string {
  const valid = name.replaceAll(/[^a-zA-Z0-9_:]/g, '_');
  return /^[a-zA-Z_:]/.test(valid) ? valid : `_${valid}`;
}

function labelName(name: string): string {
  const valid = name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
  return /^[a-zA-Z_]/.test(valid) ? valid : `_${valid}`;
}
