/** A name without dots is short for a service in the namespace of the resource that names it. */
export function fullHost(host: string, namespace: string, domain: string): string {
  if (host === '*' || host.startsWith('*.') || host.includes('.') || host.includes(':')) {
    return host.toLowerCase();
  }
  return `${host.toLowerCase()}.${namespace}.svc.${domain}`;
}

/** Whether `pattern` (`reviews.a.svc`, `*.a.svc`, `*`) covers `host`, itself a name or a pattern. */
export function hostCovers(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  return pattern.startsWith('*') && host.endsWith(pattern.slice(1)) && host !== pattern.slice(1);
}

/** Orders patterns so that the most specific comes first: exact, then longer wildcards. */
export function bySpecificity(a: string, b: string): number {
  const wildA = a.startsWith('*');
  const wildB = b.startsWith('*');
  if (wildA !== wildB) return wildA ? 1 : -1;
  return b.length - a.length;
}

/** The narrower of two patterns where one covers the other; undefined where they don't meet. */
export function hostIntersection(a: string, b: string): string | undefined {
  if (hostCovers(a, b)) return b;
  if (hostCovers(b, a)) return a;
  return undefined;
}

/** `exportTo` of a resource in `home`: `.` is its own namespace, `*` all, `~` none. */
export function exportedTo(exportTo: readonly string[], home: string, client: string): boolean {
  return exportTo.some(
    (entry) => entry === '*' || entry === client || (entry === '.' && home === client),
  );
}

/** Whether labels hold everything the selector asks for. An empty selector selects all. */
export function selects(
  selector: Readonly<Record<string, string>> | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

/**
 * Whether a policy in `home` concerns a workload: its own namespace's, or everybody's where it
 * stands in the root namespace, and only workloads that its selector names.
 */
export function concerns(
  policy: {
    readonly namespace: string;
    readonly selector: Readonly<Record<string, string>> | undefined;
  },
  workload: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> },
  rootNamespace: string,
): boolean {
  const inReach = policy.namespace === workload.namespace || policy.namespace === rootNamespace;
  return inReach && selects(policy.selector, workload.labels);
}
