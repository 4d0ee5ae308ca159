import { fetchRaw } from '../../kit/raw-client.ts';

/** All counters and gauges of a proxy by name. */
export async function statsOf(adminPort: number): Promise<ReadonlyMap<string, number>> {
  const { text } = await fetchRaw(adminPort, 'GET /stats HTTP/1.1', [['host', 'localhost']]);
  const lines = text.split('\n').map((line) => /^(\S+): (\d+)$/.exec(line));
  return new Map(lines.flatMap((match) => (match ? [[match[1]!, Number(match[2])]] : [])));
}

/** Values of one host of a cluster, from `/clusters`, by name. */
export async function hostStats(
  adminPort: number,
  cluster: string,
): Promise<ReadonlyMap<string, number>> {
  const { text } = await fetchRaw(adminPort, 'GET /clusters HTTP/1.1', [['host', 'localhost']]);
  const own = text.split('\n').filter((line) => line.startsWith(`${cluster}::127.`));
  const parts = own.map((line) => /::(\w+)::(\d+)$/.exec(line));
  return new Map(parts.flatMap((match) => (match ? [[match[1]!, Number(match[2])]] : [])));
}
