/** Ports of one small mesh on 127.0.0.1. */
export interface MeshPorts {
  readonly gateway: number;
  readonly inbound: number;
  /** The application behind the sidecar. */
  readonly web: number;
  /** A service without a sidecar. */
  readonly other: number;
}

/** A gateway, the service `web` behind a sidecar, the service `other` without one. */
export function meshFiles(ports: MeshPorts): Readonly<Record<string, string>> {
  return {
    'mesh/gateway.yaml': gateway(ports.gateway),
    'mesh/services.yaml': services(ports),
    'mesh/sidecars.yaml': sidecars(ports),
    'mesh/routes.yaml': routes('    - destination: {host: web}'),
  };
}

/** What the gateway does with everything; `body` stands below `http[0].route`, or `http[0]`. */
export function routes(route: string, rest = ''): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: front}
spec:
  hosts: ["*"]
  gateways: [front]
  http:
  - route:
${route}
${rest}`;
}

export function weights(web: number, other: number): string {
  return routes(`    - destination: {host: web}
      weight: ${web}
    - destination: {host: other}
      weight: ${other}`);
}

function gateway(port: number): string {
  return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front}
spec:
  selector: {istio: front}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*"]
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec:
  selector: {istio: front}
  ports: [{name: http, port: 80, targetPort: ${port}}]
`;
}

function services({ inbound, other }: MeshPorts): string {
  return `apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web}}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80}]
---
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets:
- addresses: [{ip: 127.0.0.1, targetRef: {kind: Pod, name: web-v1, namespace: default}}]
  ports: [{name: http, port: ${inbound}}]
---
apiVersion: v1
kind: Pod
metadata: {name: web-v1, labels: {app: web, version: v1}}
spec: {serviceAccountName: web}
status: {podIP: 127.0.0.1}
---
apiVersion: v1
kind: Service
metadata: {name: other}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: other}
subsets:
- addresses: [{ip: 127.0.0.1}]
  ports: [{name: http, port: ${other}}]
`;
}

function sidecars({ inbound, web }: MeshPorts): string {
  return `apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: web-v1}
spec:
  workloadSelector: {labels: {app: web, version: v1}}
  ingress:
  - port: {number: ${inbound}, protocol: HTTP, name: http}
    bind: 127.0.0.1
    captureMode: NONE
    defaultEndpoint: 127.0.0.1:${web}
`;
}

export interface PluginWish {
  readonly name: string;
  readonly url: string;
  /** Further lines of the spec. */
  readonly spec?: readonly string[];
}

/** A plugin for the gateway. */
export function wasmPlugin({ name, url, spec = [] }: PluginWish): string {
  return `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {istio: front}}
  url: ${url}
${spec.map((line) => `  ${line}\n`).join('')}`;
}
