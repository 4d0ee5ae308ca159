import { systemClock } from '@lateen/sdk/base/clock';
import { silentLog } from '@lateen/sdk/base/log';
import { formatProblem, type Problem } from '@lateen/sdk/base/problem';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TemporaryDirectory } from '../test/kit/temporary-directory.ts';
import { parseDocuments } from './api/parse.ts';
import { openPlane, type Plane } from './plane.ts';

const HIDDEN = Buffer.from('{"auths":{"r.example":{"auth":"dTpwYTU1d29yZA=="}}}').toString(
  'base64',
);
const SECRET = `apiVersion: v1
kind: Secret
metadata: {name: pull}
type: kubernetes.io/dockerconfigjson
data:
  .dockerconfigjson: ${HIDDEN}
stringData:
  other: pa55word
`;
const PLUGIN = `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: p}
spec:
  url: oci://127.0.0.1:1/nothing:v1
  imagePullSecret: pull
`;

let directory: TemporaryDirectory;
let plane: Plane;
let problems: Problem[];

beforeEach(async () => {
  problems = [];
  directory = await TemporaryDirectory.make({ 'conf/a.yaml': SECRET, 'conf/b.yaml': PLUGIN });
  const opened = await openPlane({
    paths: [directory.join('conf')],
    stateDirectory: directory.join('state'),
    address: '127.0.0.1',
    adminPort: 0,
    adsPort: 0,
    version: '0.0.0',
    clock: systemClock,
    log: silentLog,
    onProblems: (appeared) => problems.push(...appeared),
  });
  if (!opened.ok) throw new Error(opened.error.message);
  plane = opened.value;
});

afterEach(async () => {
  await plane.close();
  await directory[Symbol.asyncDispose]();
});

async function get(path: string): Promise<string> {
  const token = (await directory.read('state/token')).trim();
  const url = new URL(path, plane.adminUrl);
  return (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).text();
}

test('the values of a Secret are shown nowhere', async () => {
  const secrets = await get('/v1/resources?kind=Secret');
  expect(JSON.parse(secrets).resources[0].raw).toMatchObject({
    data: { '.dockerconfigjson': '(hidden)' },
    stringData: { other: '(hidden)' },
  });
  const all = [secrets];
  for (const path of ['/v1/resources', '/v1/problems', '/v1/history', '/metrics']) {
    all.push(await get(path));
  }
  const told = problems.map(formatProblem).join('\n');
  for (const text of [...all, told]) {
    expect(text).not.toContain(HIDDEN);
    expect(text).not.toMatch(/pa55word|dTpwYTU1d29yZA/);
  }
});

test('a fault in a Secret is told with its place, and without its line', () => {
  const text = SECRET.replace('other: pa55word', 'other: [pa55word]');
  const parsed = parseDocuments({ file: 's.yaml', text });
  expect(parsed.problems).toMatchObject([{ origin: { file: 's.yaml', line: 8 } }]);
  expect(parsed.problems.map(formatProblem).join('\n')).not.toContain('pa55word');
  const unread = parseDocuments({ file: 's.yaml', text: `${SECRET}  other: "pa55word\n` });
  expect(unread.problems.length).toBeGreaterThan(0);
  expect(unread.problems.map(formatProblem).join('\n')).not.toContain('pa55word');
});

test('how fetching went is counted', async () => {
  const text = await get('/metrics');
  expect(text).toContain('wasm_remote_fetch_count{result="download_failure"}');
  expect(text).toContain('wasm_cache_lookup_count{hit="false"}');
  expect(text).toContain(
    'lateen_module_step{plugin="WasmPlugin default/p",step="fetching",reason="LAT0401"} 1',
  );
  expect(text).toMatch(
    /lateen_module_attempts_total\{plugin="WasmPlugin default\/p",result="LAT0401"\} \d/,
  );
});
