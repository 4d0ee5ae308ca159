import type { Problem } from '@lateen/sdk/base/problem';
import type { ResourceStatus } from '../../status/resource-status.ts';
import { type ConnectionOptions, connect } from '../client.ts';
import { EXIT_FAILED, EXIT_USAGE, type Format, type Io } from '../io.ts';
import { KIND_NAMES, kindOf } from '../kinds.ts';
import { cannot, giveUp, paintProblem, sayProblems } from '../say.ts';
import { formatTable } from '../table.ts';

export interface GetOptions extends ConnectionOptions {
  readonly kind: string;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly output: Format;
}

/** Lists resources; one that is named and not there is a failure. */
export async function get(options: GetOptions, io: Io): Promise<number> {
  if (options.kind === 'problems') return problemsOf(options, io);
  const kind = options.kind === 'all' ? undefined : kindOf(options.kind);
  if (kind === undefined && options.kind !== 'all') {
    const known = `known: ${KIND_NAMES.join(', ')}, all, problems`;
    sayProblems([cannot(`there is no kind ${options.kind}`, known)], io);
    return EXIT_USAGE;
  }
  const client = await connect(io.environment, options);
  if (!client.ok) return giveUp(client.error, io);
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries({
    kind,
    name: options.name,
    namespace: options.namespace,
  })) {
    if (value !== undefined) query.set(key, value);
  }
  const reply = await client.value.get(`/v1/resources?${query}`);
  if (!reply.ok) return giveUp(reply.error, io);
  const resources = (reply.value.json['resources'] ?? []) as unknown as readonly ResourceStatus[];
  await print(resources, options, io);
  if (options.name !== undefined && resources.length === 0) {
    sayProblems([cannot(`there is no ${kind} ${options.name}`)], io);
    return EXIT_FAILED;
  }
  return 0;
}

/** Also those of files that could not be read, which belong to no resource. */
async function problemsOf(options: GetOptions, io: Io): Promise<number> {
  const client = await connect(io.environment, options);
  if (!client.ok) return giveUp(client.error, io);
  const reply = await client.value.get('/v1/problems');
  if (!reply.ok) return giveUp(reply.error, io);
  const problems = (reply.value.json['problems'] ?? []) as unknown as readonly Problem[];
  if (options.output === 'json') io.out(JSON.stringify(problems));
  else if (problems.length === 0) io.err('no problems');
  else io.out(problems.map((each) => paintProblem(each, io)).join('\n'));
  return 0;
}

async function print(
  resources: readonly ResourceStatus[],
  options: GetOptions,
  io: Io,
): Promise<void> {
  if (options.output === 'json') return io.out(JSON.stringify(resources));
  if (options.output === 'yaml') {
    const { stringify } = await import('yaml');
    return io.out(
      resources
        .map(({ raw }) => stringify(raw))
        .join('---\n')
        .trimEnd(),
    );
  }
  if (resources.length === 0) {
    if (options.name === undefined) io.err('nothing found');
    return;
  }
  const plugins = resources.filter(({ plugin }) => plugin !== undefined);
  const others = resources.filter(({ plugin }) => plugin === undefined);
  const tables = [resourceTable(others), pluginTable(plugins)].filter((text) => text !== '');
  io.out(tables.join('\n\n'));
  const problems = resources.flatMap((resource) => resource.problems);
  if (problems.length > 0) io.out(`\n${problems.map((each) => paintProblem(each, io)).join('\n')}`);
}

function resourceTable(resources: readonly ResourceStatus[]): string {
  if (resources.length === 0) return '';
  const rows = resources.map((each) => [
    each.kind,
    each.namespace,
    each.name,
    each.state,
    each.source,
  ]);
  return formatTable(['KIND', 'NAMESPACE', 'NAME', 'STATE', 'SOURCE'], rows);
}

/** The way of a module, step by step, and where it runs. */
function pluginTable(resources: readonly ResourceStatus[]): string {
  if (resources.length === 0) return '';
  const head = [
    'KIND',
    'NAMESPACE',
    'NAME',
    'FETCHED',
    'VERIFIED',
    'COMPILED',
    'CONFIGURED',
    'ACTIVE',
    'SERVING',
  ];
  const rows = resources.map(({ kind, namespace, name, plugin }) => [
    kind,
    namespace,
    name,
    plugin?.fetched ?? '',
    (plugin?.signedBy.length ?? 0) > 0 ? 'signed' : (plugin?.verified ?? ''),
    plugin?.compiled ?? '',
    plugin?.configured ?? '',
    `${plugin?.active}/${plugin?.proxies} proxies`,
    plugin?.serving ?? '',
  ]);
  return formatTable(head, rows);
}
