import { propertyInteger, propertyText } from './property-value';

/** `xds.cluster_name`. */
export function xdsClusterName(): string | null {
  return propertyText('xds\0cluster_name');
}

/** `xds.route_name`. */
export function xdsRouteName(): string | null {
  return propertyText('xds\0route_name');
}

/** `xds.virtual_host_name`. */
export function xdsVirtualHostName(): string | null {
  return propertyText('xds\0virtual_host_name');
}

/** `xds.filter_chain_name`. */
export function xdsFilterChainName(): string | null {
  return propertyText('xds\0filter_chain_name');
}

/** 0 unknown, 1 inbound, 2 outbound. */
export function xdsListenerDirection(): i64 {
  return propertyInteger('xds\0listener_direction');
}
