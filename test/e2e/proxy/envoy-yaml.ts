import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A configuration of `configs/` as its author wrote it, moved to other ports: by the port that
 * stands in the file, the port to use.
 */
export function configOn(name: string, ports: Readonly<Record<number, number>>): string {
  const text = readFileSync(join(import.meta.dirname, 'configs', name), 'utf8');
  const unknown = new Set<string>();
  const moved = text.replace(/(port_value: ?)(\d+)/g, (_, key: string, port: string) => {
    const to = ports[Number(port)];
    if (to === undefined) unknown.add(port);
    return `${key}${to ?? port}`;
  });
  if (unknown.size > 0) throw new Error(`${name}: no port for ${[...unknown].join(', ')}`);
  return moved;
}
