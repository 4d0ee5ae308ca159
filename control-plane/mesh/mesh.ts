import type { JsonObject } from '@lateen/sdk/base/json';
import type { PluginLimits } from '@lateen/sdk/xds/plugin-limits';
import type { ConfigObject, Kind, TypedObject } from '../api/object.ts';
import type { DestinationRules } from './destination-rules.ts';
import { exportedTo } from './hosts.ts';
import type { MeshSettings } from './settings.ts';
import type { BoundVirtualService } from './virtual-services.ts';

export type Protocol = 'http' | 'http2' | 'grpc' | 'tcp' | 'tls' | 'udp' | 'auto';

export interface MeshPort {
  readonly number: number;
  readonly name: string;
  readonly protocol: Protocol;
  /** Port number or name at the endpoints; absent: the same number. */
  readonly targetPort?: number | string | undefined;
}

/** One place where a service runs. */
export interface MeshEndpoint {
  /** IP address, or a DNS name where the service's resolution is `dns`. */
  readonly address: string;
  /** Where each service port is served, by port name; a missing one is not served here. */
  readonly ports: ReadonlyMap<string, number>;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
  /** Name of the workload, for telemetry. */
  readonly workload: string;
  readonly serviceAccount: string;
  /** `region/zone/subzone`, as far as known. */
  readonly locality: string;
  readonly weight: number;
  readonly healthy: boolean;
}

/** A host name that requests can be sent to, whoever declared it. */
export interface MeshService {
  readonly hostname: string;
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly MeshPort[];
  /** How endpoints become known: by the control plane, by DNS at the proxy. */
  readonly resolution: 'eds' | 'dns' | 'dns-round-robin';
  readonly external: boolean;
  readonly addresses: readonly string[];
  readonly exportTo: readonly string[];
  /** Labels of the workloads behind it; empty where endpoints are listed. */
  readonly selector: Readonly<Record<string, string>>;
  readonly endpoints: readonly MeshEndpoint[];
  readonly object: ConfigObject;
}

/** A WasmPlugin or the wasm form of a TrafficExtension, in the same words. */
export interface Extension {
  /** Name of the extension configuration resource (ECDS) that carries it. */
  readonly resourceName: string;
  readonly object: TypedObject<'WasmPlugin'> | TypedObject<'TrafficExtension'>;
  readonly phase: 'AUTHN' | 'AUTHZ' | 'STATS' | 'UNSPECIFIED';
  readonly priority: number;
  /** Empty: every workload of the namespace, or of the mesh in the root namespace. */
  readonly selector: Readonly<Record<string, string>>;
  readonly match: readonly {
    readonly mode: 'CLIENT' | 'SERVER' | 'CLIENT_AND_SERVER';
    readonly ports: readonly number[];
  }[];
  readonly url: string;
  /** 64 hexadecimal digits, or empty where the user gave none. */
  readonly sha256: string;
  readonly pullAlways: boolean;
  readonly pluginConfig: JsonObject | undefined;
  readonly pluginName: string;
  readonly failStrategy: 'FAIL_CLOSE' | 'FAIL_OPEN' | 'FAIL_RELOAD';
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly host: boolean;
  }[];
  readonly limits: PluginLimits;
  /** Plugins that name the same share a VM; empty = each has its own. */
  readonly vmId: string;
  /** null = the host's own back-off. */
  readonly reloadIntervalMs: number | null;
  /** Host calls and callbacks that the module has; null = all. */
  readonly allowedCapabilities: readonly string[] | null;
}

/** Everything that was declared, indexed for translation; immutable. */
export interface Mesh {
  readonly settings: MeshSettings;
  readonly services: readonly MeshService[];
  /** Several namespaces may declare one host, each for those it is exported to. */
  readonly servicesByHost: ReadonlyMap<string, readonly MeshService[]>;
  readonly extensions: readonly Extension[];
  /** Oldest first. */
  readonly virtualServices: readonly BoundVirtualService[];
  readonly destinationRules: DestinationRules;
  /** The objects of a kind, oldest first, then by name, then by namespace. */
  of<K extends Kind>(kind: K): readonly TypedObject<K>[];
}

/** The service that a client in `namespace` means by a host name: its own, else one it may see. */
export function serviceFor(
  mesh: Pick<Mesh, 'servicesByHost'>,
  hostname: string,
  namespace: string,
): MeshService | undefined {
  const named = mesh.servicesByHost.get(hostname) ?? [];
  return (
    named.find((service) => service.namespace === namespace) ??
    named.find((service) => exportedTo(service.exportTo, service.namespace, namespace))
  );
}
