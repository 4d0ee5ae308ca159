import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLog } from '@lateen/sdk/base/log';
import { SteppedClock } from '@lateen/sdk/base/stepped-clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';
import type { ConfigObject } from '../api/object.ts';
import { parseDocuments } from '../api/parse.ts';
import { sha256 } from './digest.ts';
import { FETCH_LIMITS } from './limits.ts';
import { ModulePipeline } from './pipeline.ts';
import { openRecords } from './records.ts';
import { TRUST_ALL } from './signature/trust.ts';
import { openModuleStore } from './store.ts';

const MODULE = Buffer.from('0061736d01000000', 'hex');
const KEY = 'WasmPlugin default/p';

let directory: TemporaryDirectory;
let clock: SteppedClock;
let pipeline: ModulePipeline;
let server: Server;
let url: string;
let requests: number;
let status: number;

beforeEach(async () => {
  directory = await TemporaryDirectory.make();
  clock = new SteppedClock();
  requests = 0;
  status = 200;
  server = createServer((_, response) => {
    requests += 1;
    response.writeHead(status).end(MODULE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m.wasm`;
  const store = await openModuleStore(directory.join('modules'));
  if (!store.ok) throw new Error(store.error.message);
  const records = await openRecords(directory.join('records'));
  if (!records.ok) throw new Error(records.error.message);
  pipeline = new ModulePipeline({
    store: store.value,
    records: records.value,
    registry: { limits: FETCH_LIMITS, insecureRegistries: [] },
    trust: TRUST_ALL,
    clock,
    log: silentLog,
    urlOf: (digest) => `http://modules/${digest}`,
    onChange: () => {},
  });
});

afterEach(async () => {
  await pipeline.close();
  await pipeline.settled();
  server.closeAllConnections();
  server.close();
  await directory[Symbol.asyncDispose]();
});

function plugin(...lines: readonly string[]): ConfigObject {
  const head = ['apiVersion: extensions.istio.io/v1alpha1', 'kind: WasmPlugin'];
  const spec = [`url: ${url}`, ...lines].map((line) => `  ${line}`);
  const text = [...head, 'metadata: {name: p}', 'spec:', ...spec].join('\n');
  const { value, problems } = parseDocuments({ file: 'p.yaml', text });
  expect(problems).toEqual([]);
  return value.objects[0]!;
}

test('a server in trouble is asked five times in growing distance, then every half minute', async () => {
  status = 503;
  pipeline.sync([plugin()]);
  await pipeline.settled();
  const distances: number[] = [];
  for (let count = 0; count < 6; count += 1) {
    distances.push(clock.nextDueMs ?? 0);
    clock.advance(distances.at(-1) ?? 0);
    await pipeline.settled();
  }
  expect(distances).toEqual([500, 1000, 2000, 4000, 30_000, 30_000]);
  expect(requests).toBe(7);
  expect(pipeline.problems()[0]).toMatchObject({
    code: 'LAT0401',
    origin: { file: 'p.yaml', line: 5 },
  });
});

test('a clear no is not asked again', async () => {
  status = 404;
  pipeline.sync([plugin()]);
  await pipeline.settled();
  expect(clock.pending).toBe(0);
  expect(pipeline.problems()).toHaveLength(1);
});

test('nothing is fetched that is in the store under its digest', async () => {
  const pinned = plugin(`sha256: ${sha256(MODULE)}`);
  pipeline.sync([pinned]);
  await pipeline.settled();
  pipeline.sync([]);
  pipeline.sync([pinned]);
  await pipeline.settled();
  expect(requests).toBe(1);
  expect(pipeline.modules().get(KEY)?.digest).toBe(sha256(MODULE));
});

test('IfNotPresent uses what was fetched from the URL before', async () => {
  pipeline.sync([plugin('imagePullPolicy: IfNotPresent')]);
  await pipeline.settled();
  pipeline.sync([plugin('imagePullPolicy: IfNotPresent', 'priority: 3')]);
  await pipeline.settled();
  expect(requests).toBe(1);
  pipeline.sync([plugin('imagePullPolicy: Always', 'priority: 4')]);
  await pipeline.settled();
  expect(requests).toBe(2);
});

test('until a new version is ready the old resource stands in its place, whole', async () => {
  const old = plugin('priority: 1');
  pipeline.sync([old]);
  await pipeline.settled();
  status = 404;
  const next = plugin('priority: 2');
  pipeline.sync([next]);
  expect(pipeline.gate([next])).toEqual([old]);
  await pipeline.settled();
  expect(pipeline.gate([next])).toEqual([old]);
  status = 200;
  pipeline.refresh(KEY);
  await pipeline.settled();
  expect(pipeline.gate([next])).toEqual([next]);
});

test('a plugin that was never ready takes no part', async () => {
  status = 404;
  const object = plugin();
  pipeline.sync([object]);
  await pipeline.settled();
  expect(pipeline.gate([object])).toEqual([]);
});

test('a refusal goes back one version, and only of what is in force', async () => {
  const [first, second] = [plugin('priority: 1'), plugin('priority: 2')];
  pipeline.sync([first]);
  await pipeline.settled();
  pipeline.sync([second]);
  await pipeline.settled();
  pipeline.refuse(KEY, 'another digest', 'no');
  expect(pipeline.gate([second])).toEqual([second]);
  pipeline.refuse(KEY, sha256(MODULE), 'no');
  expect(pipeline.gate([second])).toEqual([first]);
  expect(pipeline.problems()[0]?.message).toBe('no');
});
