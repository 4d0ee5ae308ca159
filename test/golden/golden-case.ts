import { isJsonObject, type Json, type JsonObject } from '@lateen/sdk/base/json';
import { formatProblem, type Problem } from '@lateen/sdk/base/problem';
import { parse, stringify } from 'yaml';
import { parseDocuments } from '../../control-plane/api/parse.ts';
import { buildMesh } from '../../control-plane/mesh/build.ts';
import type { Mesh } from '../../control-plane/mesh/mesh.ts';
import { type ProxyNode, parseNode } from '../../control-plane/translate/node.ts';
import type {
  ModuleResolutions,
  ProxySnapshot,
  Resources,
} from '../../control-plane/translate/snapshot.ts';
import { translateFor } from '../../control-plane/translate/translate.ts';

/** The line between what goes in and what must come out. */
const DASHES = /^-{10,}$/m;

const TYPES = ['clusters', 'endpoints', 'listeners', 'routes', 'extensionConfigs'] as const;

/**
 * What the comment at the top of a case may say, as YAML: which proxy asks, which resources to
 * show (a type, or a type and parts of names), and which extensions have a module.
 */
interface Settings {
  readonly node?: {
    readonly type?: string;
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly httpProxyPort?: number;
  };
  readonly show?: Readonly<Record<string, true | readonly string[]>>;
  readonly ready?: readonly string[];
}

export interface GoldenCase {
  /** What stands before the line of dashes. */
  readonly input: string;
  /** What stands behind it; empty in a case that is new. */
  readonly expected: string;
}

export function splitCase(text: string): GoldenCase {
  const dashes = DASHES.exec(text);
  if (dashes === null) return { input: `${text.trimEnd()}\n`, expected: '' };
  return {
    input: text.slice(0, dashes.index),
    expected: text.slice(dashes.index + dashes[0].length).replace(/^\n/, ''),
  };
}

export function joinCase({ input, expected }: GoldenCase): string {
  return `${input}${'-'.repeat(80)}\n${expected}`;
}

export interface GoldenOutcome {
  /** As it stands behind the dashes. */
  readonly text: string;
  readonly snapshot: ProxySnapshot;
}

/** Runs a case through all pure stages. */
export function runCase(input: string, file: string): GoldenOutcome {
  const settings = readSettings(input);
  const parsed = parseDocuments({ file, text: input });
  const built = buildMesh(parsed.value.objects);
  const node = nodeOf(settings);
  const modules = modulesOf(settings, built.value);
  const translated = translateFor(node, built.value, modules);
  const problems = [...parsed.problems, ...built.problems, ...translated.problems];
  const shown = shownResources(settings, translated.value);
  return { text: problemText(problems) + shown, snapshot: translated.value };
}

function readSettings(input: string): Settings {
  const comment = /^(#.*\n)+/.exec(input)?.[0] ?? '';
  const lines = comment.split('\n').map((line) => line.replace(/^# ?/, ''));
  const settings: unknown = parse(lines.filter((line) => !line.startsWith('#')).join('\n'));
  return (isJsonObject(settings) ? settings : {}) as Settings;
}

function nodeOf({ node = {} }: Settings): ProxyNode {
  const { type = 'sidecar', name = 'client-v1', namespace = 'default' } = node;
  const parsed = parseNode({
    id: `${type}~127.0.0.1~${name}.${namespace}~${namespace}.svc.cluster.local`,
    metadata: {
      NAMESPACE: namespace,
      LABELS: node.labels ?? {},
      HTTP_PROXY_PORT: String(node.httpProxyPort ?? 0),
    },
  });
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

function modulesOf({ ready = [] }: Settings, mesh: Mesh): ModuleResolutions {
  const digest = `sha256:${'ab'.repeat(32)}`;
  return new Map(
    mesh.extensions
      .filter((extension) => ready.includes(extension.object.metadata.name))
      .map((extension) => [
        extension.resourceName,
        { digest, url: `http://127.0.0.1:15012/modules/${digest}`, extension },
      ]),
  );
}

function problemText(problems: readonly Problem[]): string {
  return problems.map((problem) => `${formatProblem(problem)}\n`).join('');
}

function shownResources({ show = {} }: Settings, snapshot: ProxySnapshot): string {
  const result: Record<string, Json> = {};
  for (const type of TYPES) {
    const wanted = show[type];
    if (wanted === undefined) continue;
    result[type] = chosen(snapshot[type], wanted);
  }
  if (Object.keys(result).length === 0) return '';
  return stringify(result, { lineWidth: 0, aliasDuplicateObjects: false });
}

function chosen(resources: Resources, wanted: true | readonly string[]): JsonObject {
  const entries = [...resources].filter(
    ([name]) => wanted === true || wanted.some((part) => name.includes(part)),
  );
  return Object.fromEntries(entries.map(([name, resource]) => [name, resource]));
}
