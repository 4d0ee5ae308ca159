import { createServer, type Server } from 'node:net';

/** Below the range that systems give to outgoing connections, above what services are given. */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES_MAX = 2_000;

/**
 * Ports that are free now, all different. They are held together and then let go, so that whoever
 * was promised one can take it.
 */
export async function freePorts(
  count: number,
  random: () => number = Math.random,
): Promise<readonly number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  let port = FIRST + Math.floor(random() * (LAST - FIRST));
  for (let tries = 0; ports.length < count && tries < TRIES_MAX; tries += 1) {
    const server = await hold(port);
    if (server !== undefined) {
      held.push(server);
      ports.push(port);
    }
    port = port >= LAST ? FIRST : port + 1;
  }
  await Promise.all(held.map(release));
  return ports;
}

/** `preferred`, or the first port after it that is free. */
export async function nextFreePort(preferred: number): Promise<number> {
  for (let port = preferred; port < 65_536; port += 1) {
    const server = await hold(port);
    if (server === undefined) continue;
    await release(server);
    return port;
  }
  return preferred;
}

/** On all addresses: a port that somebody has on another one is not free for a gateway either. */
function hold(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => resolve(server));
  });
}

function release(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
