import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import type { Outcome } from '@lateen/sdk/base/result';
import { suggest } from '@lateen/sdk/base/suggest';
import { problemsOf } from './issues.ts';
import { judgeKind, KINDS, type KindDefinition } from './kinds.ts';
import { checkSupport } from './limits-of-support.ts';
import { type FieldPath, type Located, scoped, type Target } from './located.ts';
import { embeddedMeshConfig } from './mesh-config-map.ts';
import { parseMetadata } from './metadata.ts';
import { withoutNulls } from './nulls.ts';
import type { ConfigObject, Kind } from './object.ts';
import { readYaml, YAML_LIMITS, type YamlLimits } from './yaml-document.ts';

export interface ParsedFile {
  readonly objects: readonly ConfigObject[];
  /**
   * The text has a fault of syntax or schema: it may be half-written, and what it lacks need not
   * have been deleted. Objects that are merely not supported don't break a file.
   */
  readonly broken: boolean;
  /** Objects that were refused though they are well-formed: `Kind namespace/name`. */
  readonly refused: readonly string[];
}

/**
 * Reads the objects of one YAML or JSON text. Each object is whole or absent; every fault is a
 * problem with file, line and column.
 */
export function parseDocuments(
  input: { readonly file: string; readonly text: string },
  limits: YamlLimits = YAML_LIMITS,
): Outcome<ParsedFile> {
  const documents = readYaml(input.file, input.text, limits);
  if (!documents.ok) {
    const secret = /\bkind["']?\s*:\s*["']?Secret\b/.test(input.text);
    const problems = secret ? documents.error.map(withoutLine) : documents.error;
    return { value: { objects: [], broken: true, refused: [] }, problems };
  }
  const reader = new ObjectReader(limits);
  for (const { value, source } of documents.value) reader.read(value, source);
  return { value: reader, problems: reader.problems };
}

/** Collects what a file holds while its documents are walked. */
class ObjectReader implements ParsedFile {
  readonly objects: ConfigObject[] = [];
  readonly problems: Problem[] = [];
  readonly refused: string[] = [];
  broken = false;
  readonly #limits: YamlLimits;

  constructor(limits: YamlLimits) {
    this.#limits = limits;
  }

  read(value: unknown, source: Located): void {
    if (!isJsonObject(value)) {
      this.#fault(source, [], 'LAT0104', 'is no object');
      return;
    }
    const { apiVersion, kind } = value;
    if (typeof kind !== 'string' || kind === '') {
      const fix = 'every object needs apiVersion, kind and metadata.name';
      this.#fault(source, ['kind'], 'LAT0104', 'kind is missing', { fix });
      return;
    }
    if (kind.endsWith('List') && Array.isArray(value['items'])) {
      value['items'].forEach((item, index) => {
        this.read(item, scoped(source, ['items', index]));
      });
      return;
    }
    if (typeof apiVersion !== 'string' || apiVersion === '') {
      const definition = KINDS[kind as Kind];
      const fix =
        definition === undefined ? undefined : `write apiVersion: ${apiVersionOf(definition)}`;
      this.#fault(source, ['apiVersion'], 'LAT0104', 'apiVersion is missing', { fix });
      return;
    }
    this.#readKind(value, { apiVersion, kind }, source);
  }

  #readKind(
    value: JsonObject,
    type: { readonly apiVersion: string; readonly kind: string },
    source: Located,
  ): void {
    const verdict = judgeKind(type.apiVersion, type.kind);
    switch (verdict.is) {
      case 'known':
        this.#readObject(value, verdict.definition, source);
        return;
      case 'ignored':
        this.#readMeshConfigMap(value, type.kind, source);
        return;
      case 'not yet': {
        const message = `${type.kind} is not supported yet and has no effect`;
        this.#say('error', source, ['kind'], 'LAT0103', message);
        return;
      }
      case 'unknown version': {
        const fix = `write apiVersion: ${verdict.served[0]}`;
        const message = `${type.kind} is not served in ${type.apiVersion} (served: ${verdict.served.join(', ')})`;
        this.#fault(source, ['apiVersion'], 'LAT0102', message, { fix });
        return;
      }
      case 'unknown kind':
        this.#unknownKind(type.kind, type.apiVersion, verdict.kinds, source);
        return;
      case 'foreign':
        this.#foreign(type.kind, type.apiVersion, source);
        return;
    }
  }

  #unknownKind(kind: string, apiVersion: string, kinds: readonly string[], source: Located): void {
    const definition = KINDS[kind as Kind];
    if (definition !== undefined && Object.hasOwn(KINDS, kind)) {
      const fix = `write apiVersion: ${apiVersionOf(definition)}`;
      const message = `kind ${kind} does not belong to ${apiVersion}`;
      this.#fault(source, ['apiVersion'], 'LAT0102', message, { fix });
      return;
    }
    const near = suggest(kind, kinds) ?? suggest(kind, Object.keys(KINDS));
    const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
    const fix = near === undefined ? undefined : `write kind: ${near}`;
    this.#fault(source, ['kind'], 'LAT0102', `unknown kind ${JSON.stringify(kind)}${hint}`, {
      fix,
    });
  }

  /** Of somebody else's API: said once, and left alone, unless it looks like a slip of ours. */
  #foreign(kind: string, apiVersion: string, source: Located): void {
    const near = Object.hasOwn(KINDS, kind) ? kind : suggest(kind, Object.keys(KINDS));
    if (near !== undefined) {
      this.#unknownKind(kind, apiVersion, [near], source);
      return;
    }
    const message = `kind ${JSON.stringify(kind)} of ${apiVersion} is unknown and is ignored`;
    this.#say('warning', source, ['kind'], 'LAT0102', message);
  }

  #readObject(raw: JsonObject, definition: KindDefinition, source: Located): void {
    const metadata = parseMetadata(raw['metadata'], definition.kind, source);
    if (!metadata.ok) {
      this.#break(metadata.error);
      return;
    }
    const name = `${definition.kind} ${metadata.value.namespace}/${metadata.value.name}`;
    const body = this.#bodyOf(raw, definition, source, name);
    if (body === undefined) return;
    const prefix: FieldPath = definition.body === 'spec' ? ['spec'] : [];
    const within = scoped(source, prefix);
    const nulls: Problem[] = [];
    const value = withoutNulls(body, { kind: definition.kind, source: within, problems: nulls });
    if (nulls.length > 0) this.#break(nulls);
    const parsed = definition.schema.safeParse(value);
    if (!parsed.success) {
      const judged = { schema: definition.schema, value, source: within, resource: name, prefix };
      const problems = problemsOf(parsed.error.issues, judged);
      this.#break(definition.kind === 'Secret' ? problems.map(withoutLine) : problems);
      return;
    }
    if (nulls.length > 0) return;
    const object = {
      kind: definition.kind,
      apiVersion: String(raw['apiVersion']),
      metadata: metadata.value,
      spec: parsed.data,
      raw,
      source,
    } as ConfigObject;
    this.#accept(object, name);
  }

  #accept(object: ConfigObject, name: string): void {
    const limits = checkSupport(object);
    this.problems.push(...limits);
    if (limits.some((problem) => problem.level === 'error')) this.refused.push(name);
    else this.objects.push(object);
  }

  /** The fields of the kind; undefined where strangers stand beside them. */
  #bodyOf(
    raw: JsonObject,
    definition: KindDefinition,
    source: Located,
    resource: string,
  ): JsonObject | undefined {
    const { apiVersion: _1, kind: _2, metadata: _3, status, ...rest } = raw;
    if (definition.body === 'top') {
      return definition.kind === 'Pod' && status !== undefined ? { ...rest, status } : rest;
    }
    const { spec, ...strangers } = rest;
    const stranger = Object.keys(strangers)[0];
    if (stranger !== undefined) {
      const near = suggest(stranger, ['spec', 'metadata', 'status', 'apiVersion', 'kind']);
      const inside = near === undefined ? `${stranger} belongs under spec` : `write ${near}:`;
      const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
      const message = `unknown field ${JSON.stringify(stranger)}${hint}`;
      this.#fault(source, [stranger], 'IST0106', message, { fix: inside, target: 'key', resource });
      return undefined;
    }
    if (spec === undefined || spec === null) return {};
    if (isJsonObject(spec)) return spec;
    this.#fault(source, ['spec'], 'IST0106', 'spec must be a map of fields', { resource });
    return undefined;
  }

  /** Istio keeps its MeshConfig as text in the ConfigMap `istio`; other ConfigMaps are ignored. */
  #readMeshConfigMap(value: JsonObject, kind: string, source: Located): void {
    if (kind !== 'ConfigMap') return;
    const embedded = embeddedMeshConfig(value, source, this.#limits);
    if (embedded === undefined) return;
    if (!embedded.ok) {
      this.#break(embedded.error);
      return;
    }
    this.#readObject(embedded.value.raw, KINDS.MeshConfig, embedded.value.source);
  }

  #break(problems: readonly Problem[]): void {
    this.broken = true;
    this.problems.push(...problems);
  }

  #fault(
    source: Located,
    path: FieldPath,
    code: string,
    message: string,
    more: { fix?: string | undefined; target?: Target; resource?: string } = {},
  ): void {
    this.broken = true;
    this.#say('error', source, path, code, message, more);
  }

  #say(
    level: Problem['level'],
    source: Located,
    path: FieldPath,
    code: string,
    message: string,
    more: { fix?: string | undefined; target?: Target; resource?: string } = {},
  ): void {
    const origin = source.at(path, more.target ?? 'value');
    this.problems.push({
      level,
      code,
      message,
      origin: more.resource === undefined ? origin : { ...origin, resource: more.resource },
      ...(more.fix === undefined ? {} : { fix: more.fix }),
    });
  }
}

/** The line of a Secret would show what is in it. */
function withoutLine({ origin, ...problem }: Problem): Problem {
  const { sourceLine: _, ...place } = origin;
  return { ...problem, origin: place };
}

function apiVersionOf(definition: KindDefinition): string {
  const version = definition.versions[0] ?? 'v1';
  return definition.group === '' ? version : `${definition.group}/${version}`;
}
