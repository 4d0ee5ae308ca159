import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNode } from '../../test/kit/child-process.ts';
import { RecordingOrigin } from '../../test/kit/recording-origin.ts';
import { TemporaryDirectory } from '../../test/kit/temporary-directory.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { freePorts } from './run/ports.ts';
import { isAlive } from './run-file.ts';

const LATEEN = join(import.meta.dirname, '../bin/lateen.mjs');

function resources(ports: { origin: number; gateway: number; inbound: number }): string {
  return `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front}
spec:
  selector: {istio: front}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["*"]
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec:
  selector: {istio: front}
  ports: [{name: http, port: 80, targetPort: ${ports.gateway}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: ["*"]
  gateways: [front]
  http:
  - route:
    - destination: {host: web}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets:
- addresses: [{ip: 127.0.0.1}]
  ports: [{name: http, port: ${ports.inbound}}]
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: web}
spec:
  workloadSelector: {labels: {app: web}}
  ingress:
  - port: {number: ${ports.inbound}, protocol: HTTP, name: http}
    bind: 127.0.0.1
    captureMode: NONE
    defaultEndpoint: 127.0.0.1:${ports.origin}
`;
}

test('a directory of resources gets the gateway and the sidecar that it asks for', async () => {
  await using origin = await RecordingOrigin.open({ answer: () => 'hello' });
  const [gateway = 0, inbound = 0] = await freePorts(2);
  await using directory = await TemporaryDirectory.make({
    'mesh/all.yaml': resources({ origin: origin.port, gateway, inbound }),
  });
  await using up = startNode(LATEEN, ['up', '-f', 'mesh', '-o', 'json'], {
    cwd: directory.path,
    env: { LATEEN_HOME: directory.join('home') },
  });
  const line = await waitFor('the JSON line', () => /^\{.*\}$/m.exec(up.stdout)?.[0], {
    deadlineMs: 40_000,
  });
  const { proxies } = JSON.parse(line) as { proxies: { name: string; pid: number }[] };
  expect(proxies.map(({ name }) => name).sort()).toEqual(['front.default', 'web.default']);
  const answer = await fetch(`http://127.0.0.1:${gateway}/any`);
  expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
  expect(origin.faults).toEqual([]);
  process.kill(up.pid, 'SIGTERM');
  await waitFor('the end of the proxies', () => proxies.every(({ pid }) => !isAlive(pid)), {
    deadlineMs: 15_000,
  });
}, 90_000);
