import type { JsonObject } from '@lateen/sdk/base/json';
import { formatProblem } from '@lateen/sdk/base/problem';
import { parseDocuments } from '../../control-plane/api/parse.ts';
import { buildMesh } from '../../control-plane/mesh/build.ts';
import { parseNode } from '../../control-plane/translate/node.ts';
import { translateFor } from '../../control-plane/translate/translate.ts';
import type { ConfigObject } from '../kit/envoy-config.ts';

export interface MeshOptions {
  readonly listenPort: number;
  readonly originPort: number;
  readonly logFile: string;
}

const NODE = {
  id: 'router~127.0.0.1~istio-ingressgateway.istio-system~istio-system.svc.cluster.local',
  cluster: 'istio-ingressgateway.istio-system',
  metadata: {
    NAMESPACE: 'istio-system',
    WORKLOAD_NAME: 'istio-ingressgateway',
    LABELS: { istio: 'ingressgateway', app: 'istio-ingressgateway' },
    CLUSTER_ID: 'Kubernetes',
    MESH_ID: 'cluster.local',
  },
};

const ROUTES = 200;
const POLICIES = 20;

/**
 * The bootstrap of a gateway with all six policies at work: 200 routes, retries, a fault on the
 * route that is taken (one request in a million, for a millisecond), 20 deny policies that all have
 * to be tried, metrics, and an access log to a file. Everything in it is what the control plane
 * makes of Istio's resources; only delivery differs (a file instead of ADS).
 */
export function meshConfig(options: MeshOptions): ConfigObject {
  const parsed = parseDocuments({ file: 'bench.yaml', text: resources(options) });
  const built = buildMesh(parsed.value.objects);
  const node = parseNode(NODE);
  if (!node.ok) throw new Error(node.error.message);
  const translated = translateFor(node.value, built.value, new Map());
  const problems = [...parsed.problems, ...built.problems, ...translated.problems];
  const errors = problems.filter((problem) => problem.level === 'error');
  if (errors.length > 0) throw new Error(errors.map(formatProblem).join('\n'));
  const { clusters, endpoints, listeners, routes } = translated.value;
  return {
    node: NODE,
    static_resources: {
      listeners: [...listeners.values()].map((listener) => withRoutes(listener, routes)),
      clusters: [...clusters].map(([name, cluster]) => withEndpoints(cluster, endpoints.get(name))),
    },
  };
}

function resources({ listenPort, originPort, logFile }: MeshOptions): string {
  return [
    meshSettings(logFile),
    gateway(listenPort),
    service(originPort),
    virtualService(),
    policies(),
  ]
    .flat()
    .join('\n---\n');
}

function meshSettings(logFile: string): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    accessLogFile: ${logFile}`;
}

function gateway(listenPort: number): readonly string[] {
  const service = `apiVersion: v1
kind: Service
metadata: { name: istio-ingressgateway, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  ports: [{ name: http2, port: 80, targetPort: ${listenPort} }]`;
  const gateway = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: bench, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }]`;
  return [service, gateway];
}

function service(originPort: number): readonly string[] {
  const service = `apiVersion: v1
kind: Service
metadata: { name: origin, namespace: default }
spec: { ports: [{ name: http, port: 9080 }] }`;
  const endpoints = `apiVersion: v1
kind: Endpoints
metadata: { name: origin, namespace: default }
subsets:
  - addresses: [{ ip: 127.0.0.1 }]
    ports: [{ name: http, port: ${originPort} }]`;
  return [service, endpoints];
}

/** The route that is taken is the last one: everything before it has to be ruled out. */
function virtualService(): string {
  const others = Array.from({ length: ROUTES - 1 }, (_, index) => {
    const match = index % 2 === 0 ? `exact: /svc/${index}` : `prefix: /svc/${index}/`;
    return `    - match: [{ uri: { ${match} } }]
      route: [{ destination: { host: origin.default.svc.cluster.local, port: { number: 9080 } } }]`;
  });
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: bench, namespace: istio-system }
spec:
  hosts: ["*"]
  gateways: [bench]
  http:
${others.join('\n')}
    - match: [{ uri: { prefix: / } }]
      timeout: 10s
      retries: { attempts: 2, perTryTimeout: 5s, retryOn: "connect-failure,refused-stream,503" }
      fault: { delay: { percentage: { value: 0.0001 }, fixedDelay: 1ms } }
      route: [{ destination: { host: origin.default.svc.cluster.local, port: { number: 9080 } } }]`;
}

function policies(): readonly string[] {
  return Array.from({ length: POLICIES }, (_, index) => {
    const when =
      index % 2 === 0 ? `, when: [{ key: "request.headers[x-tenant]", values: [t${index}] }]` : '';
    return `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny-${index}, namespace: istio-system }
spec:
  selector: { matchLabels: { istio: ingressgateway } }
  action: DENY
  rules: [{ to: [{ operation: { paths: ["/admin/${index}/*"], methods: [GET, POST] } }]${when} }]`;
  });
}

/** Routes by name become routes in place. */
function withRoutes(listener: JsonObject, routes: ReadonlyMap<string, JsonObject>): JsonObject {
  const { '@type': _type, ...rest } = listener;
  return JSON.parse(JSON.stringify(rest), (_, value) => {
    const name: unknown = value?.rds?.routeConfigName;
    if (typeof name !== 'string') return value;
    const { rds: _rds, ...rest } = value;
    const { '@type': _type, ...routeConfig } = routes.get(name) ?? {};
    return { ...rest, routeConfig };
  });
}

/** Endpoints by name become endpoints in place. */
function withEndpoints(cluster: JsonObject, assignment: JsonObject | undefined): JsonObject {
  const { '@type': _type, edsClusterConfig: _eds, ...rest } = cluster;
  if (assignment === undefined) return rest;
  const { '@type': _assignmentType, ...loadAssignment } = assignment;
  return { ...rest, type: 'STATIC', loadAssignment };
}
