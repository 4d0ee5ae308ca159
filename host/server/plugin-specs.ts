import type { PluginSpec } from '../filter/plugin-pool.ts';
import type { RouteMessage } from '../stream/build-service.ts';
import type { ListenerMessage } from './messages.ts';

/** Every plugin that the messages name. */
export function specsOf(
  listeners: Iterable<ListenerMessage>,
  routes: Iterable<RouteMessage>,
): readonly PluginSpec[] {
  const specs: PluginSpec[] = [];
  const addRoutes = (message: RouteMessage | null) => {
    for (const part of message?.parts ?? []) specs.push(part.companion);
  };
  for (const listener of listeners) {
    for (const chain of listener.chains) {
      specs.push(...chain.loggers, ...chain.filters.map((filter) => filter.plugin));
      addRoutes(chain.routes);
    }
  }
  for (const route of routes) addRoutes(route);
  return specs;
}

/** Keys of the modules that they need. */
export function modulesOf(
  listeners: Iterable<ListenerMessage>,
  routes: Iterable<RouteMessage>,
): ReadonlySet<string> {
  return new Set(specsOf(listeners, routes).map((spec) => spec.module));
}
