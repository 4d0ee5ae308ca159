import type { Problem } from '@lateen/sdk/base/problem';
import { type ConnectionOptions, connect } from '../client.ts';
import { EXIT_FAILED, EXIT_USAGE, type Io } from '../io.ts';
import { kindOf } from '../kinds.ts';
import { cannot, giveUp, sayProblems } from '../say.ts';

export interface DeleteOptions extends ConnectionOptions {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly output: 'text' | 'json';
}

export async function remove(options: DeleteOptions, io: Io): Promise<number> {
  const kind = kindOf(options.kind);
  if (kind === undefined) {
    sayProblems([cannot(`there is no kind ${options.kind}`)], io);
    return EXIT_USAGE;
  }
  const client = await connect(io.environment, options);
  if (!client.ok) return giveUp(client.error, io);
  const parts = [kind, options.namespace, options.name].map(encodeURIComponent);
  const reply = await client.value.send('DELETE', `/v1/resources/${parts.join('/')}`);
  if (!reply.ok) return giveUp(reply.error, io);
  const { status, json } = reply.value;
  if (options.output === 'json') io.out(JSON.stringify(json));
  if (status === 200) {
    if (options.output === 'text') io.out(`${kind} ${options.namespace}/${options.name} deleted`);
    return 0;
  }
  const problems = json['problems'] as readonly Problem[] | undefined;
  if (options.output === 'text') sayProblems(problems ?? [cannot(String(json['error']))], io);
  return EXIT_FAILED;
}
