import type { JsonObject } from '@lateen/sdk/base/json';

export const DEV_LABELS = { app: 'dev', istio: 'dev' };

/** A gateway on its port, with everything that comes routed to the demo service. */
export function devObjects(gatewayPort: number, servicePort: number): readonly JsonObject[] {
  const core = (kind: string, name: string, rest: JsonObject): JsonObject => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'default' },
    ...rest,
  });
  const networking = (kind: string, spec: JsonObject): JsonObject => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: { name: 'dev', namespace: 'default' },
    spec,
  });
  const gatewayPorts = [{ name: 'http', port: 80, targetPort: gatewayPort }];
  const port = { number: 80, name: 'http', protocol: 'HTTP' };
  return [
    core('Service', 'gateway', { spec: { ports: gatewayPorts, selector: DEV_LABELS } }),
    core('Service', 'echo', { spec: { ports: [{ name: 'http', port: 80 }] } }),
    core('Endpoints', 'echo', {
      subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: [{ name: 'http', port: servicePort }] }],
    }),
    networking('Gateway', { selector: DEV_LABELS, servers: [{ port, hosts: ['*'] }] }),
    networking('VirtualService', {
      hosts: ['*'],
      gateways: ['dev'],
      http: [{ route: [{ destination: { host: 'echo', port: { number: 80 } } }] }],
    }),
  ];
}

/** The filter in that gateway. */
export function devPlugin(url: string, sha256: string, configuration: JsonObject): JsonObject {
  return {
    apiVersion: 'extensions.istio.io/v1alpha1',
    kind: 'WasmPlugin',
    metadata: { name: 'dev', namespace: 'default' },
    spec: { selector: { matchLabels: DEV_LABELS }, url, sha256, pluginConfig: configuration },
  };
}
