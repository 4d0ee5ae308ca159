import { hasErrors, type Problem } from '@lateen/sdk/base/problem';
import type { AppliedObject, ApplyOutcome } from '../../admin/backend.ts';
import { type Client, type ConnectionOptions, connect } from '../client.ts';
import { EXIT_FAILED, type Io } from '../io.ts';
import { cannot, giveUp, sayProblems } from '../say.ts';
import { readInputs } from './files.ts';
import { waitInForce } from './wait.ts';

export interface ApplyOptions extends ConnectionOptions {
  readonly filename: readonly string[];
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  /** Seconds. */
  readonly timeout: number;
  readonly output: 'text' | 'json';
}

/** Sends files to the control plane; each file is taken whole or not at all. */
export async function apply(options: ApplyOptions, io: Io): Promise<number> {
  const client = await connect(io.environment, options);
  if (!client.ok) return giveUp(client.error, io);
  const { files, problems: unread } = await readInputs(options.filename, io);
  const problems: Problem[] = [...unread];
  const applied: AppliedObject[] = [];
  let revision = 0;
  for (const { file, text } of files) {
    const outcome = await send(client.value, { file, text, dryRun: options.dryRun === true });
    problems.push(...outcome.problems);
    applied.push(...outcome.applied);
    revision = Math.max(revision, outcome.revision);
  }
  if (options.output === 'text') {
    for (const object of applied) io.out(sentence(object, options));
    sayProblems(problems, io);
  }
  let failed = hasErrors(problems) || applied.length === 0;
  if (!failed && options.wait === true && options.dryRun !== true) {
    const goal = { revision, objects: applied, timeoutMs: options.timeout * 1000 };
    const waited = await waitInForce(client.value, goal);
    failed = !waited.ok;
    if (!waited.ok) problems.push(waited.error);
    if (options.output === 'text') {
      if (waited.ok) io.out(waited.value);
      else sayProblems([waited.error], io);
    }
  }
  if (options.output === 'json') io.out(JSON.stringify({ applied, problems, revision }));
  else if (applied.length === 0 && problems.length === 0)
    sayProblems([cannot('no objects given')], io);
  return failed ? EXIT_FAILED : 0;
}

async function send(
  client: Client,
  input: { file: string; text: string; dryRun: boolean },
): Promise<ApplyOutcome> {
  const query = new URLSearchParams({ file: input.file, dryRun: String(input.dryRun) });
  const reply = await client.send('POST', `/v1/resources?${query}`, input.text);
  if (!reply.ok) return { applied: [], problems: [reply.error], revision: 0 };
  const { json, status } = reply.value;
  if (json['error'] !== undefined) {
    const problem = cannot(`the control plane answers ${status}: ${json['error']}`);
    return { applied: [], problems: [problem], revision: 0 };
  }
  return json as unknown as ApplyOutcome;
}

function sentence({ kind, namespace, name, change }: AppliedObject, options: ApplyOptions): string {
  const dry = options.dryRun === true ? ' (dry run)' : '';
  return `${kind} ${namespace}/${name} ${change}${dry}`;
}
