import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '@lateen/sdk/base/json';

/** One of the demo's services in one version, with the ports it and its sidecar were given. */
export interface Workload {
  readonly app: string;
  readonly version: string;
  /** `reviews-v1`. */
  readonly name: string;
  readonly appPort: number;
  /** Where others reach it: its sidecar's inbound port. */
  readonly inboundPort: number;
  /** Where it sends its own requests: its sidecar's explicit HTTP proxy. */
  readonly outboundPort: number;
  readonly adminPort: number;
}

/** The port that everybody calls the services by; nothing listens on it. */
export const SERVICE_PORT = 9080;
export const GATEWAY_LABELS = { app: 'istio-ingressgateway', istio: 'ingressgateway' };

const INSTANCES: readonly (readonly [app: string, version: string])[] = [
  ['productpage', 'v1'],
  ['details', 'v1'],
  ['reviews', 'v1'],
  ['reviews', 'v2'],
  ['reviews', 'v3'],
  ['ratings', 'v1'],
];

export const PORTS_PER_WORKLOAD = 4;
export const WORKLOAD_COUNT = INSTANCES.length;

/** Deals the ports out, four to each. */
export function workloads(ports: readonly number[]): readonly Workload[] {
  return INSTANCES.map(([app, version], index) => {
    const [appPort = 0, inboundPort = 0, outboundPort = 0, adminPort = 0] = ports.slice(
      index * PORTS_PER_WORKLOAD,
    );
    const name = `${app}-${version}`;
    return { app, version, name, appPort, inboundPort, outboundPort, adminPort };
  });
}

export function labelsOf(workload: Pick<Workload, 'app' | 'version'>) {
  return { app: workload.app, version: workload.version };
}

/** The program of a service, source or emitted. */
export function appFile(app: string): string {
  const source = fileURLToPath(new URL(`apps/${app}.ts`, import.meta.url));
  const emitted = fileURLToPath(new URL(`apps/${app}.js`, import.meta.url));
  return import.meta.url.endsWith('.ts') && existsSync(source) ? source : emitted;
}

/**
 * What a cluster would know by itself: Services, where they run (Endpoints and the Pods behind
 * them), and each sidecar's ports. Ports are this run's.
 */
export function registryObjects(
  all: readonly Workload[],
  gatewayPort: number,
): ReadonlyMap<string, readonly JsonObject[]> {
  const apps = [...Map.groupBy(all, ({ app }) => app)];
  return new Map([
    ['services.yaml', [...apps.map(([app]) => service(app)), gatewayService(gatewayPort)]],
    ['endpoints.yaml', apps.map(([app, members]) => endpoints(app, members))],
    ['pods.yaml', all.map(pod)],
    ['sidecars.yaml', all.map(sidecar)],
  ]);
}

function service(app: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: app, namespace: 'default', labels: { app } },
    spec: { ports: [{ name: 'http', port: SERVICE_PORT }], selector: { app } },
  };
}

function gatewayService(targetPort: number): JsonObject {
  const metadata = { name: 'istio-ingressgateway', namespace: 'default', labels: GATEWAY_LABELS };
  const ports = [{ name: 'http2', port: 80, targetPort }];
  const spec = { type: 'LoadBalancer', ports, selector: { istio: 'ingressgateway' } };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}

/** One subset for each workload: they share an address and differ in the port. */
function endpoints(app: string, members: readonly Workload[]): JsonObject {
  const subsets = members.map(({ name, inboundPort }) => ({
    addresses: [{ ip: '127.0.0.1', targetRef: { kind: 'Pod', name, namespace: 'default' } }],
    ports: [{ name: 'http', port: inboundPort }],
  }));
  const metadata = { name: app, namespace: 'default' };
  return { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets };
}

function pod(workload: Workload): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: workload.name, namespace: 'default', labels: labelsOf(workload) },
    spec: { serviceAccountName: `bookinfo-${workload.app}` },
    status: { podIP: '127.0.0.1' },
  };
}

/** An inbound port of its own, handed on to the application; outbound: the explicit proxy. */
function sidecar(workload: Workload): JsonObject {
  const port = { number: workload.inboundPort, protocol: 'HTTP', name: 'http' };
  const defaultEndpoint = `127.0.0.1:${workload.appPort}`;
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: { name: workload.name, namespace: 'default' },
    spec: {
      workloadSelector: { labels: labelsOf(workload) },
      ingress: [{ port, bind: '127.0.0.1', captureMode: 'NONE', defaultEndpoint }],
    },
  };
}
