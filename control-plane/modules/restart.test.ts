import { readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from './digest.ts';
import { signDetached } from './signature/detached.ts';
import { keyPair } from './signature/testing/key-pair.ts';
import { block, PipelineFixture, pluginObject } from './testing/pipeline-fixture.ts';

const [FIRST, SECOND] = ['0061736d01000000', '0061736d0100000000020161'].map((hex) =>
  Buffer.from(hex, 'hex'),
) as [Buffer, Buffer];
const KEY = 'WasmPlugin default/p';

let fixture: PipelineFixture;
let server: Server;
let base: string;
let files: Map<string, Buffer | string>;
let requests: string[];

beforeEach(async () => {
  files = new Map([['/m.wasm', FIRST]]);
  requests = [];
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const file = files.get(request.url ?? '');
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  fixture = await PipelineFixture.open();
});

afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
  server.closeAllConnections();
  server.close();
});

describe('after a restart', () => {
  test('with the server away, what worked goes on serving, and the problem is told', async () => {
    const plugin = pluginObject(`url: ${base}/m.wasm`);
    await fixture.take(plugin);
    files.clear();
    await fixture.restart();
    await fixture.take(plugin);
    expect(fixture.digest()).toBe(sha256(FIRST));
    expect(fixture.codes).toEqual(['LAT0407']);
    expect(fixture.pipeline.gate([plugin])).toHaveLength(1);
  });

  test('a resource that was changed to something broken meanwhile stands as it last worked', async () => {
    const before = pluginObject(`url: ${base}/m.wasm`, 'priority: 1');
    await fixture.take(before);
    await fixture.restart();
    const broken = pluginObject(`url: ${base}/gone.wasm`, 'priority: 2');
    await fixture.take(broken);
    expect(fixture.pipeline.gate([broken])).toMatchObject([{ spec: { priority: 1 } }]);
    files.set('/gone.wasm', SECOND);
    fixture.pipeline.refresh(KEY);
    await fixture.pipeline.settled();
    expect(fixture.pipeline.gate([broken])).toEqual([broken]);
    expect(fixture.digest()).toBe(sha256(SECOND));
  });

  test('what was fetched before is not asked for again where it need not be', async () => {
    const plugin = pluginObject(`url: ${base}/m.wasm`, 'imagePullPolicy: IfNotPresent');
    await fixture.take(plugin);
    await fixture.restart();
    await fixture.take(plugin);
    expect(requests).toEqual(['/m.wasm']);
    expect(fixture.codes).toEqual([]);
  });

  test('a kept module that was damaged is fetched again, and that is said', async () => {
    const plugin = pluginObject(`url: ${base}/m.wasm`, 'imagePullPolicy: IfNotPresent');
    await fixture.take(plugin);
    await writeFile(fixture.directory.join('modules', `${sha256(FIRST)}.wasm`), 'damaged');
    await fixture.restart();
    await fixture.take(plugin);
    expect(fixture.damaged).toEqual([sha256(FIRST)]);
    expect(requests).toEqual(['/m.wasm', '/m.wasm']);
    expect(fixture.digest()).toBe(sha256(FIRST));
  });

  test('records that were damaged count as absent', async () => {
    const plugin = pluginObject(`url: ${base}/m.wasm`);
    await fixture.take(plugin);
    const records = fixture.directory.join('records');
    for (const name of await readdir(records)) {
      await writeFile(fixture.directory.join('records', name), '{"name": 1');
    }
    files.clear();
    await fixture.restart();
    await fixture.take(plugin);
    expect(fixture.digest()).toBeUndefined();
    expect(fixture.codes).toEqual(['LAT0407']);
  });

  test('what a proxy refused does not come back, the version before it does', async () => {
    const [first, second] = [1, 2].map((n) =>
      pluginObject(`url: ${base}/m.wasm`, `priority: ${n}`),
    );
    await fixture.take(first!);
    files.set('/m.wasm', SECOND);
    await fixture.take(second!);
    fixture.pipeline.refuse(KEY, sha256(SECOND), 'no');
    files.clear();
    await fixture.restart();
    await fixture.take(second!);
    expect(fixture.digest()).toBe(sha256(FIRST));
  });

  test('a plugin that was deleted and made anew does not come back as it once was', async () => {
    const plugin = pluginObject(`url: ${base}/m.wasm`);
    await fixture.take(plugin);
    await fixture.take();
    files.clear();
    await fixture.restart();
    await fixture.take(plugin);
    expect(fixture.digest()).toBeUndefined();
  });

  test('a mesh that asks for signatures now does not take what had none', async () => {
    const plugin = pluginObject(`url: ${base}/m.wasm`);
    await fixture.take(plugin);
    await fixture.restart({ required: true, keys: [] });
    await fixture.take(plugin);
    expect(fixture.digest()).toBeUndefined();
    expect(fixture.codes).toEqual(['LAT0413']);
  });
});

test('modules that no version needs any more make room', async () => {
  await using small = await PipelineFixture.open(undefined, 1);
  const stored = async () => (await readdir(small.directory.join('modules'))).toSorted();
  const versions = [FIRST, SECOND, Buffer.concat([SECOND, Buffer.of(0, 2, 1, 0x61)])];
  for (const [index, bytes] of versions.entries()) {
    files.set('/m.wasm', bytes);
    await small.take(pluginObject(`url: ${base}/m.wasm`, `priority: ${index}`));
    expect(small.codes).toEqual([]);
  }
  // The newest, and the one that a refusal would go back to.
  expect(await stored()).toEqual(
    versions
      .slice(1)
      .map((bytes) => `${sha256(bytes)}.wasm`)
      .toSorted(),
  );
});

describe('a signature beside a file', () => {
  const [ours, theirs] = [keyPair(), keyPair()];
  const signed = (...extra: readonly string[]) =>
    pluginObject(`url: ${base}/m.wasm`, block('verificationKey', ours.publicPem), ...extra);
  const view = () => fixture.pipeline.views()[0];

  test('that is missing or wrong keeps the old module; the right one lets the new one in', async () => {
    await fixture.take(pluginObject(`url: ${base}/m.wasm`));
    files.set('/m.wasm', SECOND);
    await fixture.take(signed());
    expect(fixture.codes).toEqual(['LAT0411']);
    files.set('/m.wasm.sig', signDetached(SECOND, theirs.signing));
    await fixture.take(signed('priority: 1'));
    expect(fixture.codes).toEqual(['LAT0412']);
    expect(view()).toMatchObject({ step: 'fetched', failedAt: 'verified' });
    expect(fixture.digest()).toBe(sha256(FIRST));
    files.set('/m.wasm.sig', `${signDetached(SECOND, ours.signing)}\n`);
    await fixture.take(signed('priority: 2'));
    expect(fixture.codes).toEqual([]);
    expect(view()).toMatchObject({ step: 'compiled', signedBy: [ours.signing.id] });
    expect(fixture.digest()).toBe(sha256(SECOND));
  });

  test('is for its bytes: tampered ones are never compiled', async () => {
    files.set('/m.wasm.sig', signDetached(FIRST, ours.signing));
    files.set('/m.wasm', SECOND);
    await fixture.take(signed());
    expect(fixture.codes).toEqual(['LAT0412']);
    expect(fixture.digest()).toBeUndefined();
  });

  test('of a key that is no key is a problem of its own', async () => {
    await fixture.take(pluginObject(`url: ${base}/m.wasm`, 'verificationKey: hello'));
    expect(fixture.codes).toEqual(['LAT0410']);
    expect(requests).toEqual([]);
  });

  test('survives a restart: it is not checked again without need', async () => {
    files.set('/m.wasm.sig', signDetached(FIRST, ours.signing));
    const plugin = signed('imagePullPolicy: IfNotPresent');
    await fixture.take(plugin);
    files.clear();
    await fixture.restart({ required: true, keys: [] });
    await fixture.take(plugin);
    expect(fixture.codes).toEqual([]);
    expect(fixture.digest()).toBe(sha256(FIRST));
  });

  test('must be that of the mesh, whatever key the plugin itself names', async () => {
    files.set('/m.wasm.sig', signDetached(FIRST, ours.signing));
    await fixture.restart({ required: false, keys: [theirs.verification] });
    await fixture.take(signed());
    expect(fixture.codes).toEqual(['LAT0412']);
    const both = [ours, theirs].map(({ signing }) => signDetached(FIRST, signing)).join('\n');
    files.set('/m.wasm.sig', both);
    await fixture.take(signed('priority: 1'));
    expect(fixture.codes).toEqual([]);
    await fixture.take(pluginObject(`url: ${base}/m.wasm`));
    expect(fixture.codes).toEqual([]);
  });

  test('cannot be had for a module inside the resource, so a strict mesh refuses it', async () => {
    await fixture.restart({ required: true, keys: [ours.verification] });
    const data = `data:application/wasm;base64,${FIRST.toString('base64')}`;
    await fixture.take(pluginObject(`url: ${data}`));
    expect(fixture.codes).toEqual(['LAT0413']);
  });

  test('is looked for beside files of the disk too', async () => {
    const path = await fixture.directory.write('m.wasm', FIRST);
    const plugin = pluginObject(`url: file://${path}`, block('verificationKey', ours.publicPem));
    await fixture.take(plugin);
    expect(fixture.codes).toEqual(['LAT0411']);
    await fixture.directory.write('m.wasm.sig', signDetached(FIRST, ours.signing));
    fixture.pipeline.refresh(KEY);
    await fixture.pipeline.settled();
    expect(fixture.codes).toEqual([]);
  });
});
