import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXCEPTIONS } from './tidy/exceptions.ts';
import { measureFunctions } from './tidy/functions.ts';
import { findCycles, importsOf } from './tidy/imports.ts';
import { forbids, isTest } from './tidy/rooms.ts';
import { listFiles, ROOT, readSources, type SourceFile } from './tidy/sources.ts';

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;

const files = listFiles();
const sources = readSources(files);
const paths = new Set(files);
const imports = sources.flatMap((file) => importsOf(file, paths));

/** One fault of one rule, in words that lead to the place. */
interface Finding {
  readonly path: string;
  readonly rule: string;
  readonly words: string;
}

const used = new Set<object>();

/** Fails with every finding that no exception covers. */
function expectNone(findings: readonly Finding[]): void {
  const left = findings.filter((finding) => {
    const exception = EXCEPTIONS.find(
      ({ path, rule }) => path === finding.path && rule === finding.rule,
    );
    if (exception !== undefined) used.add(exception);
    return exception === undefined;
  });
  expect(left.map(({ path, rule, words }) => `${path}${words}: ${rule}`)).toEqual([]);
}

/** A finding for each line of each file that matches. */
function linesMatching(rule: string, pattern: RegExp, among: readonly SourceFile[]): Finding[] {
  return among.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) => {
      return pattern.test(line) ? [{ path, rule, words: `:${index + 1} ${line.trim()}` }] : [];
    }),
  );
}

const isTidy = (path: string) => path.startsWith('test/tidy');
const product = sources.filter(({ path }) => !isTest(path));

test('imports keep to the order of the house', () => {
  expectNone(
    imports.flatMap(({ from, to, typeOnly, line }) => {
      const why = forbids(from, to, typeOnly);
      return why === undefined ? [] : [{ path: from, rule: why, words: `:${line} imports ${to}` }];
    }),
  );
});

test('imports of our own files lead to files', () => {
  expectNone(
    imports
      // Fixtures hold sources of other programs in their strings.
      .filter(({ from }) => !from.includes('/fixtures/'))
      .filter(({ to }) => /^(sdk|host|filters|control-plane|test)\//.test(to))
      .filter(({ to }) => !paths.has(to) && !to.includes('/dist/') && !to.endsWith('.json'))
      .map(({ from, to, line }) => ({ path: from, rule: 'no such file', words: `:${line} ${to}` })),
  );
});

/** What runs by itself: programs, what they start, and what is for tests of others. */
const ENTRIES =
  /^\.(tools|ci)\/|\/(main|build|worker)\.ts$|\/bin\/|\/apps\/|\/assembly\/|^host\/testing\/|^filters\/bundled-modules\.ts$/;

test('every file is used by another, or is a program', () => {
  const used = new Set(imports.filter(({ from }) => !isTest(from)).map(({ to }) => to));
  const idle = product.filter(({ path }) => !used.has(path) && !ENTRIES.test(path));
  expectNone(idle.map(({ path }) => ({ path, rule: 'used by nobody', words: '' })));
});

test('no imports go round in a circle', () => {
  // A Wasm module is compiled as a whole: between AssemblyScript classes there is no order to break.
  const cycles = findCycles(imports.filter(({ from }) => !from.includes('/assembly/')));
  expectNone(
    cycles.map((cycle) => ({
      path: cycle[0]!,
      rule: 'import cycle',
      words: ` ${cycle.join(' > ')}`,
    })),
  );
});

test(`files have at most ${FILE_LINES_MAX} lines, functions at most ${FUNCTION_LINES_MAX}`, () => {
  const long = sources.filter(({ lines }) => lines.length - 1 > FILE_LINES_MAX);
  const functions = sources
    .flatMap(measureFunctions)
    .filter(({ length }) => length > FUNCTION_LINES_MAX);
  expectNone([
    ...long.map(({ path, lines }) => ({
      path,
      rule: 'long file',
      words: ` ${lines.length - 1} lines`,
    })),
    ...functions.map(({ path, line, length }) => {
      return { path, rule: 'long function', words: `:${line} ${length} lines` };
    }),
  ]);
});

test('exports have names, and no file only passes on what others export', () => {
  const barrels = product.filter(({ path, text }) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '').trim();
    const statements = code.split(/;\s*/).filter((statement) => statement !== '');
    return (
      !/\/assembly\//.test(path) &&
      statements.length > 0 &&
      statements.every((statement) => /^export\s.*\sfrom\s/s.test(statement))
    );
  });
  expectNone([
    ...linesMatching('default export', /^export default\b/, sources),
    ...barrels.map(({ path }) => ({ path, rule: 'barrel', words: '' })),
  ]);
});

test('names are kebab-case', () => {
  expectNone(
    sources
      .filter(
        ({ path }) =>
          !/^[.\w/-]*\/[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|d|gen))?\.(ts|mts|mjs|js|tsx)$/.test(
            path,
          ),
      )
      .map(({ path }) => ({ path, rule: 'name is not kebab-case', words: '' })),
  );
});

test('nothing is left for later without an issue, and no test is left out without a reason', () => {
  const others = sources.filter(({ path }) => !isTidy(path));
  const skipped = linesMatching(
    'skipped',
    /\b(test|it|describe)\.(skip|todo|fixme)\(/,
    others,
  ).filter(({ path, words }) => {
    const line = Number(/^:(\d+)/.exec(words)![1]);
    const before = sources.find((file) => file.path === path)!.lines[line - 2] ?? '';
    return !/^\s*(\/\/|\*\/)/.test(before);
  });
  expectNone([
    ...linesMatching('TODO without an issue', /\b(TODO|XXX)\b(?!\(#\d+\))/, others),
    ...linesMatching('FIXME', /\bFIXME\b/, others),
    ...linesMatching('only', /\b(test|it|describe)\.only\(/, others),
    ...skipped,
  ]);
});

test('tests do not sleep', () => {
  const tests = sources.filter(({ path }) => /\.test\.ts$/.test(path) && !isTidy(path));
  expectNone(
    linesMatching(
      'a sleep',
      /await (sleep|delay|setTimeout)\(|setTimeout\((resolve|done)\b/,
      tests,
    ),
  );
});

test('the host holds no policy: no filter by name, no retry condition, no route match', () => {
  const host = product.filter(({ path }) => path.startsWith('host/'));
  const words =
    /retry_?on\b|num_?retries|\brbac\b|jwt_?authn|prefix_?rewrite|safe_?regex|path_?separated_?prefix|envoy\.filters\.http\.(?!wasm)|envoy\.access_loggers/i;
  expectNone(linesMatching('a word of policy', words, host));
});

test('filter folders are all alike', () => {
  const folders = new Set(
    files.flatMap((path) => /^filters\/([a-z-]+)\/assembly\//.exec(path)?.[1] ?? []),
  );
  const wanted = [...folders].flatMap((name) =>
    ['README.md', 'assembly/index.ts', `assembly/${name}.ts`, `${name}.test.ts`].map(
      (file) => `filters/${name}/${file}`,
    ),
  );
  const missing = wanted.filter((path) => !paths.has(path));
  expectNone(missing.map((path) => ({ path, rule: 'missing from a filter folder', words: '' })));
});

test('dependencies have exact versions', () => {
  const packages = files.filter((path) => /(^|\/)package\.json$/.test(path));
  expectNone(
    packages.flatMap((path) => {
      const parsed = JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
      const all = Object.entries({ ...parsed.dependencies, ...parsed.devDependencies });
      return all
        .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version)))
        .map(([name, version]) => ({
          path,
          rule: 'version is not exact',
          words: ` ${name} ${version}`,
        }));
    }),
  );
});

test('every exception is still needed', () => {
  const idle = EXCEPTIONS.filter((exception) => !used.has(exception));
  expect(idle.map(({ path, rule }) => `${path}: ${rule}`)).toEqual([]);
});
