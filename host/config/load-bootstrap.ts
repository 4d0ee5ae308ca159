import { readFileSync, statSync } from 'node:fs';
import { isJsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import type { XdsRegistry } from '@lateen/sdk/xds/registry';
import { type NodeFlags, type ReadBootstrap, readBootstrap } from './bootstrap.ts';
import { mergeJson, parseSource, type SourceDocument } from './yaml-json.ts';

const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Where the bootstrap is; one of the two is there. */
export interface BootstrapFlags extends NodeFlags {
  readonly configPath: string | undefined;
  readonly configYaml: string | undefined;
}

/** Reads the bootstrap that the flags name. Problems carry file, line and column. */
export function loadBootstrap(flags: BootstrapFlags, registry: XdsRegistry): ReadBootstrap {
  const documents: SourceDocument[] = [];
  const problems: Problem[] = [];
  const add = (text: string, file: string) => {
    const parsed = parseSource(text, file);
    problems.push(...parsed.problems);
    if (parsed.document !== null) documents.push(parsed.document);
  };
  if (flags.configPath !== undefined) {
    const text = readText(flags.configPath);
    if (typeof text === 'string') add(text, flags.configPath);
    else problems.push(text);
  }
  if (flags.configYaml !== undefined) add(flags.configYaml, '--config-yaml');
  if (problems.length > 0) return { bootstrap: null, problems };
  return readBootstrap(merged(documents), registry, flags);
}

function merged(documents: readonly SourceDocument[]): SourceDocument {
  const [base, over] = documents;
  if (over === undefined) return base!;
  const { json } = base!;
  if (!isJsonObject(json) || !isJsonObject(over.json)) return over;
  return {
    file: base!.file,
    json: mergeJson(json, over.json),
    // The place in the text that wins; what it does not have stands in the file.
    locate: (path, key) => {
      const place = over.locate(path, key);
      return (place.line ?? 1) > 1 ? place : base!.locate(path, key);
    },
  };
}

function readText(file: string): string | Problem {
  const refused = (message: string): Problem => {
    return { level: 'error', code: 'LAT0100', message, origin: { file } };
  };
  if (/\.(pb|pb_text)$/.test(file))
    return refused('binary and text protobuf are not read; use YAML');
  try {
    if (statSync(file).size > FILE_BYTES_MAX) return refused('is larger than 16 MiB');
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return refused('there is no such file');
    return refused(`cannot be read (${code})`);
  }
}
