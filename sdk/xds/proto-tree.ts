import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { declaredTypes, type NewerField, patchProto } from './proto-patch.ts';

/** A .proto file: its import path and its source. */
export interface ProtoFile {
  readonly name: string;
  readonly source: string;
}

/** Folders of the API tree inside the package that ships it, each an import root. */
const ROOTS = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'];

/**
 * Files left out: v2 of the API (broken and partial in the package), tests of the validator,
 * Google service management (dangling imports), and the ones that need OpenCensus or Prometheus'
 * client model, which the package lacks and we don't serve.
 */
const LEFT_OUT = [
  /\/v2(alpha|beta)?\d*\//,
  /^(java|tests)\//,
  /^google\/api\/service/,
  /^envoy\/service\/(trace|metrics)\//,
  /^envoy\/config\/trace\/v3\/(opencensus|trace)\.proto$/,
];

/** Everything that goes into the descriptor set: the API tree, brought up to date, and our own. */
export function readProtoTree(
  packageDir: string,
  overlayDir: string,
  newer: readonly NewerField[],
): readonly ProtoFile[] {
  const tree = ROOTS.flatMap((root) => readUnder(join(packageDir, 'deps', root)));
  const kept = tree.filter((file) => !LEFT_OUT.some((pattern) => pattern.test(file.name)));
  const own = readUnder(join(overlayDir, 'lateen'));
  const index = new Map(
    [...kept, ...own].flatMap((file) =>
      declaredTypes(file.source).map((type) => [type, file.name] as const),
    ),
  );
  const newerDir = join(overlayDir, 'newer');
  const patched = kept.map(({ name, source }) => {
    if (name === 'validate/validate.proto') return { name, source: addIgnoreEmpty(source) };
    return { name, source: patchProto({ name, source }, newer, newerDir, index) };
  });
  return [
    ...patched,
    ...own,
    ...readUnder(join(overlayDir, 'istio')),
    ...readUnder(join(overlayDir, 'stubs')),
  ];
}

function readUnder(root: string): readonly ProtoFile[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.proto'))
    .sort()
    .map((name) => ({
      name: name.replaceAll('\\', '/'),
      source: readFileSync(join(root, name), 'utf8').replaceAll('\r\n', '\n'),
    }));
}

/** Writes the files into one import root. */
export function writeProtoTree(files: readonly ProtoFile[], stageDir: string): void {
  for (const file of files) {
    const target = join(stageDir, file.name);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, file.source);
  }
}

/** Numbers of `ignore_empty` in the rules that have it in later releases of the validator. */
const IGNORE_EMPTY = new Map([
  ['StringRules', 26],
  ['BytesRules', 14],
  ['RepeatedRules', 6],
  ['MapRules', 6],
]);
const NUMERIC_RULES = /^(Float|Double|[SU]?Int(32|64)|S?Fixed(32|64))Rules$/;

/** The package's validate.proto is older than the API that uses it: adds `ignore_empty`. */
export function addIgnoreEmpty(source: string): string {
  return source.replace(/^message (\w+Rules) \{$([\s\S]*?)^\}/gm, (whole, name: string) => {
    const number = IGNORE_EMPTY.get(name) ?? (NUMERIC_RULES.test(name) ? 8 : undefined);
    if (number === undefined || whole.includes('ignore_empty')) return whole;
    return `${whole.slice(0, -1)}    optional bool ignore_empty = ${number};\n}`;
  });
}
