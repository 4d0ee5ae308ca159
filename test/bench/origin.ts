import { fileURLToPath } from 'node:url';
import { startNode } from '../kit/child-process.ts';
import { waitForPort } from './wait-for-port.ts';

/** The origin for machines without nginx, in a process of its own. */
export async function startOrigin(port: number): Promise<AsyncDisposable> {
  const file = fileURLToPath(new URL('./bundled-origin.ts', import.meta.url));
  const child = startNode(file, [String(port)]);
  await waitForPort(port, child);
  return child;
}
