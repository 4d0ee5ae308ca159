import type { ProxyStatus, TypeStatus } from '../../status/proxy-status.ts';
import { type ConnectionOptions, connect } from '../client.ts';
import type { Io } from '../io.ts';
import { giveUp } from '../say.ts';
import { formatTable } from '../table.ts';

export interface ProxyStatusOptions extends ConnectionOptions {
  readonly output: 'text' | 'json';
}

const TYPES = ['CDS', 'LDS', 'EDS', 'RDS', 'ECDS'];

const WORDS: Readonly<Record<TypeStatus['state'], string>> = {
  'not-sent': 'NOT SENT',
  synced: 'SYNCED',
  stale: 'STALE',
  refused: 'REFUSED',
};

export async function proxyStatus(options: ProxyStatusOptions, io: Io): Promise<number> {
  const client = await connect(io.environment, options);
  if (!client.ok) return giveUp(client.error, io);
  const reply = await client.value.get('/v1/proxies');
  if (!reply.ok) return giveUp(reply.error, io);
  const proxies = (reply.value.json['proxies'] ?? []) as unknown as readonly ProxyStatus[];
  if (options.output === 'json') {
    io.out(JSON.stringify(proxies));
    return 0;
  }
  if (proxies.length === 0) {
    io.err('no proxy is connected');
    return 0;
  }
  io.out(formatTable(['NAME', ...TYPES, 'VERSION', 'CLIENT'], proxies.map(row)));
  for (const { name, types } of proxies) {
    for (const { type, refusal } of types) {
      if (refusal !== undefined) io.out(`\n${name} refuses ${type}: ${refusal}`);
    }
  }
  return 0;
}

function row(proxy: ProxyStatus): readonly string[] {
  const states = TYPES.map((name) => {
    const type = proxy.types.find((each) => each.type === name);
    return WORDS[type?.state ?? 'not-sent'];
  });
  const agent = proxy.agent === '' ? '-' : proxy.agent;
  return [proxy.name, ...states, proxy.version.slice(0, 8), `${agent} (${proxy.dialect})`];
}
