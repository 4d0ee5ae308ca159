import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { addSchemaSection } from '@lateen/sdk/schema/schema-section';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkLocalModules } from './check-local.ts';
import { PipelineFixture, pluginObject } from './testing/pipeline-fixture.ts';

const EMPTY = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const SCHEMA = {
  type: 'object',
  properties: {
    burst: { type: 'integer', minimum: 1 },
    rules: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' } } },
    },
  },
};

let fixture: PipelineFixture;
let url: string;

beforeEach(async () => {
  fixture = await PipelineFixture.open();
  const path = fixture.directory.join('m.wasm');
  await writeFile(path, addSchemaSection(EMPTY, JSON.stringify(SCHEMA)));
  url = pathToFileURL(path).href;
});

afterEach(() => fixture[Symbol.asyncDispose]());

/** A plugin with this configuration; `pluginConfig:` stands in line 6. */
function configured(...lines: readonly string[]) {
  return pluginObject(`url: ${url}`, 'pluginConfig:', ...lines.map((line) => `  ${line}`));
}

test.each([
  [['burst: 0'], 'pluginConfig.burst is below 1', 7],
  [['burst: 1', 'brust: 2'], 'pluginConfig.brust is not supported', 8],
  [['rules:', '- path: /a', '- path: 7'], 'pluginConfig.rules[1].path is not a string', 9],
])('%j: %s, at line %d', async (lines, message, line) => {
  const plugin = configured(...lines);
  const wanted = { code: 'LAT0416', message, origin: { file: 'p.yaml', line } };
  expect(checkLocalModules([plugin])).toMatchObject([wanted]);
  await fixture.take(plugin);
  expect(fixture.pipeline.problems()).toMatchObject([wanted]);
});

test('a name that is nearly right is proposed', () => {
  expect(checkLocalModules([configured('brust: 2')])).toMatchObject([
    { fix: 'did you mean burst?' },
  ]);
});

test('a configuration that was good goes on when a bad one comes', async () => {
  await fixture.take(configured('burst: 1'));
  expect(fixture.codes).toEqual([]);
  const digest = fixture.digest();
  expect(digest).toBeDefined();
  await fixture.take(configured('burst: 0'));
  expect(fixture.codes).toEqual(['LAT0416']);
  expect(fixture.digest()).toBe(digest);
});

test('a module without a schema, or with one that is none, judges for itself', async () => {
  for (const module of [EMPTY, addSchemaSection(EMPTY, '{"type":"object","oneOf":[]}')]) {
    await writeFile(new URL(url), module);
    expect(checkLocalModules([configured('burst: 0')])).toEqual([]);
  }
  expect(checkLocalModules([pluginObject('url: file:///not/there.wasm')])).toEqual([]);
});
