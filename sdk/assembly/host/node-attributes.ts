import { propertyText } from './property-value';

/** Attributes of the proxy itself, and of the plugin as it is configured in it. */

/** The node's id. */
export function nodeId(): string | null {
  return propertyText('xds\0node\0id');
}

/** The service that the node belongs to. */
export function nodeCluster(): string | null {
  return propertyText('xds\0node\0cluster');
}

/** A text of the node's metadata. */
export function nodeMetadata(name: string): string | null {
  return propertyText('xds\0node\0metadata\0' + name);
}

/** The name under which this filter is configured. */
export function pluginName(): string | null {
  return propertyText('plugin_name');
}

/** The root id under which this filter is configured. */
export function pluginRootId(): string | null {
  return propertyText('plugin_root_id');
}

/** The id of the VM; those with one id share data. */
export function pluginVmId(): string | null {
  return propertyText('plugin_vm_id');
}
