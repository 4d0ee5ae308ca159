import type { JsonObject } from '@lateen/sdk/base/json';
import type { Origin } from '@lateen/sdk/base/problem';
import type { AuthorizationPolicySpec } from './authorization-policy.ts';
import type { DestinationRuleSpec } from './destination-rule.ts';
import type { EndpointsSpec } from './endpoints.ts';
import type { GatewaySpec } from './gateway.ts';
import type { FieldPath, Located, Target } from './located.ts';
import type { MeshConfigSpec } from './mesh-config.ts';
import type { PodSpec } from './pod.ts';
import type { ProxyConfigSpec } from './proxy-config.ts';
import type { SecretSpec } from './secret.ts';
import type { ServiceSpec } from './service.ts';
import type { ServiceEntrySpec } from './service-entry.ts';
import type { SidecarSpec } from './sidecar.ts';
import type { TrafficExtensionSpec } from './traffic-extension.ts';
import type { VirtualServiceSpec } from './virtual-service.ts';
import type { WasmPluginSpec } from './wasm-plugin.ts';
import type { WorkloadEntrySpec } from './workload-entry.ts';

/** Every kind that is read, with what its body parses to. */
export interface Specs {
  AuthorizationPolicy: AuthorizationPolicySpec;
  DestinationRule: DestinationRuleSpec;
  Endpoints: EndpointsSpec;
  Gateway: GatewaySpec;
  MeshConfig: MeshConfigSpec;
  Pod: PodSpec;
  ProxyConfig: ProxyConfigSpec;
  Secret: SecretSpec;
  Service: ServiceSpec;
  ServiceEntry: ServiceEntrySpec;
  Sidecar: SidecarSpec;
  TrafficExtension: TrafficExtensionSpec;
  VirtualService: VirtualServiceSpec;
  WasmPlugin: WasmPluginSpec;
  WorkloadEntry: WorkloadEntrySpec;
}

export type Kind = keyof Specs;

export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339, where an API server or the store wrote one; decides who came first. */
  readonly creationTimestamp?: string | undefined;
}

export interface TypedObject<K extends Kind> {
  readonly kind: K;
  readonly apiVersion: string;
  readonly metadata: ObjectMeta;
  readonly spec: Specs[K];
  /** The whole object as it was written, for `get -o yaml` and for writing it elsewhere. */
  readonly raw: JsonObject;
  readonly source: Located;
}

/** One resource, read and checked; a union over all kinds. */
export type ConfigObject = { [K in Kind]: TypedObject<K> }[Kind];

/** What makes an object the same object: `Kind namespace/name`. */
export function objectKey(object: {
  readonly kind: string;
  readonly metadata: Pick<ObjectMeta, 'name' | 'namespace'>;
}): string {
  return `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`;
}

/** Where a field of the object stands, with the object's name for the reader. */
export function originOf(
  object: ConfigObject,
  path: FieldPath = ['metadata', 'name'],
  target: Target = 'value',
): Origin {
  return { ...object.source.at(path, target), resource: objectKey(object) };
}

export function isKind<K extends Kind>(
  object: ConfigObject,
  kind: K,
): object is TypedObject<K> & ConfigObject {
  return object.kind === kind;
}
