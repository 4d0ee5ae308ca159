import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchRaw } from '../../kit/raw-client.ts';
import { waitFor } from '../../kit/wait-for.ts';
import { routes } from './resources.ts';
import { SmallMesh } from './small-mesh.ts';

/** Istio's ConfigMap with a MeshConfig of these lines. */
function meshConfig(...lines: readonly string[]): string {
  return `apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |-
${lines.map((line) => `    ${line}\n`).join('')}`;
}

const TO_WEB = '    - destination: {host: web}';

let mesh: SmallMesh;

beforeAll(async () => {
  const files = { 'mesh/mesh-config.yaml': meshConfig('accessLogFile: /dev/stdout') };
  mesh = await SmallMesh.start({ files });
  for (let count = 0; count < 5; count += 1) await mesh.get('/counted');
}, 90_000);

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
}, 30_000);

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** Samples of one metric on a proxy's page for Prometheus. */
async function samples(proxy: string, metric: string): Promise<readonly Sample[]> {
  const page = await mesh.adminPage(proxy, '/stats/prometheus');
  const lines = page.split('\n').filter((line) => line.startsWith(`${metric}{`));
  return lines.map((line) => {
    const [, labels = '', value = ''] = /\{(.*)\} (\S+)$/.exec(line)!;
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)];
    return {
      labels: Object.fromEntries(pairs.map(([, name, text]) => [name, text])),
      value: Number(value),
    };
  });
}

/** The one series that has these labels. */
async function series(proxy: string, metric: string, labels: Labels): Promise<Sample> {
  return await waitFor(`${metric} of ${proxy}`, async () => {
    const all = await samples(proxy, metric);
    const found = all.filter((sample) =>
      Object.entries(labels).every(([name, value]) => sample.labels[name] === value),
    );
    if (found.length > 1) throw new Error(`${found.length} series have ${JSON.stringify(labels)}`);
    return found[0];
  });
}

/** What both sides of a request from the gateway to `web` agree on. */
const GATEWAY_TO_WEB: Labels = {
  source_workload: 'front',
  source_workload_namespace: 'default',
  source_canonical_service: 'front',
  destination_workload: 'web-v1',
  destination_workload_namespace: 'default',
  destination_app: 'web',
  destination_version: 'v1',
  destination_canonical_service: 'web',
  destination_canonical_revision: 'v1',
  destination_service: 'web.default.svc.cluster.local',
  destination_service_name: 'web',
  destination_service_namespace: 'default',
  request_protocol: 'http',
  response_code: '200',
  response_flags: '-',
};

test.each([
  ['front', 'source', 'unknown'],
  ['web-v1', 'destination', 'none'],
])(
  '%s counts requests as reporter %s with the labels of Istio',
  async (proxy, reporter, policy) => {
    const labels = { ...GATEWAY_TO_WEB, reporter, connection_security_policy: policy };
    expect((await series(proxy, 'istio_requests_total', labels)).value).toBe(5);
    const duration = 'istio_request_duration_milliseconds';
    expect((await series(proxy, `${duration}_count`, labels)).value).toBe(5);
    const infinite = { ...labels, le: '+Inf' };
    expect((await series(proxy, `${duration}_bucket`, infinite)).value).toBe(5);
  },
);

test('a request that the gateway answers itself is counted with its flags, and reaches nobody', async () => {
  const fault = '    fault: {abort: {httpStatus: 418, percentage: {value: 100}}}\n';
  await mesh.directory.write('mesh/routes.yaml', routes(TO_WEB, fault));
  await mesh.until('the fault', ({ status }) => status === 418);
  const labels = { reporter: 'source', response_code: '418', response_flags: 'FI' };
  const { value } = await series('front', 'istio_requests_total', labels);
  expect(value).toBeGreaterThan(0);
  const others = await samples('web-v1', 'istio_requests_total');
  expect(others.map((sample) => sample.labels['response_code'])).not.toContain('418');
  await mesh.directory.write('mesh/routes.yaml', routes(TO_WEB));
  await mesh.until('no fault', ({ status }) => status === 200);
});

test("what a service calls through its sidecar's HTTP proxy is counted as its own", async () => {
  const { outbound } = mesh.proxy('web-v1');
  const answer = await fetchRaw(outbound!, 'GET http://other/called HTTP/1.1', [['host', 'other']]);
  expect([answer.status, answer.header('x-from')]).toEqual([200, 'other']);
  const labels = {
    reporter: 'source',
    source_workload: 'web-v1',
    source_app: 'web',
    source_version: 'v1',
    destination_workload: 'unknown',
    destination_service: 'other.default.svc.cluster.local',
    response_code: '200',
  };
  expect((await series('web-v1', 'istio_requests_total', labels)).value).toBe(1);
});

test('both proxies write the access log as Istio formats it, with one request id', async () => {
  await mesh.get('/logged?q=1', [['user-agent', 'tester']]);
  const line = (proxy: string) =>
    waitFor(`the line of ${proxy}`, async () => {
      return (await mesh.log(`proxy-${proxy}.default`))
        .split('\n')
        .find((each) => each.includes('/logged'));
    });
  const front = await line('front');
  const web = await line('web-v1');
  const head =
    /^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] "GET \/logged\?q=1 HTTP\/1\.1" 200 - via_upstream - "-" 0 15 \d+ \d+ /;
  expect(front).toMatch(head);
  expect(web).toMatch(head);
  const id = /"([0-9a-f-]{36})"/;
  expect(id.exec(front)![1]).toBe(id.exec(web)![1]);
  expect(front).toContain('"tester"');
  expect(front).toContain(
    `"127.0.0.1:${mesh.inbound}" outbound|80||web.default.svc.cluster.local `,
  );
  expect(web).toContain(`"127.0.0.1:${mesh.web.port}" inbound|${mesh.inbound}|| `);
});

test('the access log changes its format, and ends, as the file says', async () => {
  const format = 'accessLogFormat: \'{"path": "%REQ(:PATH)%", "code": "%RESPONSE_CODE%"}\'';
  const lines = async () => (await mesh.log('proxy-front.default')).split('\n');
  await mesh.directory.write(
    'mesh/mesh-config.yaml',
    meshConfig('accessLogFile: /dev/stdout', 'accessLogEncoding: JSON', format),
  );
  await waitFor('a line of JSON', async () => {
    await mesh.get('/json');
    return (await lines()).some((line) => line === '{"path":"/json","code":200}');
  });
  await mesh.directory.write('mesh/mesh-config.yaml', meshConfig('accessLogFile: ""'));
  await waitFor('the end of the log', async () => {
    const config = await mesh.lateen('proxy-config', 'listener', 'front.default', '-o', 'json');
    return !config.stdout.includes('accessLog');
  });
});
