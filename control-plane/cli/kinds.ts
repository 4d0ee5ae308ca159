/** Kinds with the names people type, after Istio's CRDs; a test holds it against the real list. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  AuthorizationPolicy: ['ap', 'authorizationpolicies'],
  DestinationRule: ['dr'],
  Endpoints: ['ep'],
  Gateway: ['gw'],
  MeshConfig: [],
  Pod: ['po'],
  ProxyConfig: [],
  Secret: [],
  Service: ['svc'],
  ServiceEntry: ['se', 'serviceentries'],
  Sidecar: [],
  TrafficExtension: ['te'],
  VirtualService: ['vs'],
  WasmPlugin: ['wp', 'wasm'],
  WorkloadEntry: ['we', 'workloadentries'],
};

export const KIND_NAMES: readonly string[] = Object.keys(KINDS);

/** `vs`, `virtualservice`, `VirtualServices`, ... to `VirtualService`. */
export function kindOf(text: string): string | undefined {
  const wanted = text.toLowerCase().replace(/\..*$/, '');
  return KIND_NAMES.find((kind) => {
    const lower = kind.toLowerCase();
    return wanted === lower || wanted === `${lower}s` || KINDS[kind]?.includes(wanted);
  });
}
