import { describeModule, type ModuleDescription } from '@lateen/host/testing/describe-module';
import type { Format, Io } from '../../io.ts';
import { giveUp } from '../../say.ts';
import { formatTable } from '../../table.ts';
import { readNamed } from './module-file.ts';

export interface InspectOptions {
  readonly file: string;
  readonly output: Format;
}

/** What a module may do, by the host calls that it imports. */
const POWERS: readonly (readonly [RegExp, string])[] = [
  [/^env\.proxy_(add|replace|remove|set)_header_map/, 'change headers'],
  [/^env\.proxy_set_buffer_bytes$/, 'change bodies and other buffers'],
  [/^env\.proxy_get_buffer_bytes$/, 'read bodies and other buffers'],
  [/^env\.proxy_send_local_response$/, 'answer in the place of the upstream'],
  [/^env\.proxy_continue_stream$|_continue_re(quest|sponse)$/, 'hold streams and let them go on'],
  [/^env\.proxy_close_stream$/, 'close streams'],
  [/^env\.proxy_http_call$/, 'call clusters over HTTP'],
  [/^env\.proxy_grpc_/, 'call clusters over gRPC'],
  [/_shared_data$/, 'share data with other plugins'],
  [/_shared_queue$/, 'use shared queues'],
  [/_metric$/, 'define and change metrics'],
  [/^env\.proxy_get_property$/, 'read properties of streams and of the node'],
  [/^env\.proxy_set_property$/, 'set properties of streams'],
  [/^env\.proxy_call_foreign_function$/, 'call foreign functions'],
  [/^env\.proxy_set_tick_period_milliseconds$/, 'wake up by itself'],
  [/^env\.proxy_log$/, 'write to the log'],
  [/^wasi\w*\.random_get$/, 'get random bytes'],
  [/^wasi\w*\.environ_/, 'read its environment variables'],
];

/** What a module is, without running it. */
export async function inspect(options: InspectOptions, io: Io): Promise<number> {
  const bytes = await readNamed(options.file, 'the module', io);
  if (!bytes.ok) return giveUp(bytes.error, io);
  const described = await describeModule(options.file, bytes.value);
  if (!described.ok) return giveUp(described.error, io);
  const module = described.value;
  const powers = powersOf(module.imports);
  const callbacks = module.exports.filter((name) => /^(proxy|lateen)_on_/.test(name));
  if (options.output === 'json') io.out(JSON.stringify({ ...module, callbacks, may: powers }));
  else io.out(show(module, callbacks, powers));
  return 0;
}

function powersOf(imports: readonly string[]): readonly string[] {
  return POWERS.filter(([pattern]) => imports.some((name) => pattern.test(name))).map(
    ([, power]) => power,
  );
}

function show(
  module: ModuleDescription,
  callbacks: readonly string[],
  powers: readonly string[],
): string {
  const { min, max } = module.memory;
  const facts = [
    ['ABI', module.abi],
    ['digest', module.digest],
    ['size', `${number(module.byteLength)} bytes, ${number(module.functions)} functions`],
    ['memory', `${min * 64} KiB${max === null ? '' : `, at most ${max * 64} KiB`}`],
  ].map(([name = '', value]) => `${name.padEnd(8)}${value}`);
  const sections = module.sections.map(({ name, bytes }) => [name, number(bytes)]);
  return [
    facts.join('\n'),
    list('It may', powers),
    list('Callbacks', callbacks),
    list('Imports', module.imports),
    formatTable(['Section', 'Bytes'], sections),
  ].join('\n\n');
}

function list(title: string, lines: readonly string[]): string {
  return [title, ...(lines.length === 0 ? ['nothing'] : lines).map((line) => `  ${line}`)].join(
    '\n',
  );
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
