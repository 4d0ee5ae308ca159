import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../kit/wait-for.ts';
import { SmallMesh } from './small-mesh.ts';

let mesh: SmallMesh;

beforeAll(async () => {
  mesh = await SmallMesh.start();
}, 90_000);

afterAll(async () => {
  await mesh?.[Symbol.asyncDispose]();
}, 30_000);

/** What a command prints as JSON; it must succeed and say nothing else. */
async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await mesh.lateen(...args, '-o', 'json');
  expect([code, stderr], args.join(' ')).toEqual([0, '']);
  return JSON.parse(stdout);
}

test('proxy-status shows both proxies with what they took', async () => {
  const { code, stdout } = await mesh.lateen('proxy-status');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^NAME +CDS +LDS +EDS +RDS +ECDS +VERSION +CLIENT$/m);
  expect(stdout).toMatch(/^front\.default +SYNCED +SYNCED +SYNCED +SYNCED +NOT SENT /m);
  expect(stdout).toMatch(/^web-v1\.default +SYNCED .*delta/m);
  const types = expect.arrayContaining([
    expect.objectContaining({ type: 'LDS', state: 'synced', subscribed: '*', resources: 1 }),
  ]);
  expect(await json('proxy-status')).toContainEqual(
    expect.objectContaining({ name: 'front.default', dialect: 'delta', synced: true, types }),
  );
});

describe('proxy-config', () => {
  test.each([
    ['cluster', /^web\.default\.svc\.cluster\.local +80 .*EDS +mesh\/services\.yaml:\d+$/m],
    ['listener', /^127\.0\.0\.1_\d+ +127\.0\.0\.1:\d+ +.*router$/m],
    ['route', /^http\.\d+ +\*:80 .*virtual-service\/front mesh\/routes\.yaml:\d+$/m],
    ['endpoint', /^127\.0\.0\.1:\d+ .*outbound\|80\|\|web\.default\.svc\.cluster\.local$/m],
    ['extension', /^no extension$/m],
  ])('%s tells what the gateway was told, and from which line it comes', async (what, pattern) => {
    const { code, stdout } = await mesh.lateen('proxy-config', what, 'front.default');
    expect([code, stdout]).toEqual([0, expect.stringMatching(pattern)]);
  });

  test('all of it as JSON, by type and name', async () => {
    const all = (await json('proxy-config', 'all', 'front.default')) as Record<string, object>;
    expect(Object.keys(all)).toEqual(['CDS', 'EDS', 'LDS', 'RDS', 'ECDS']);
    expect(all['CDS']).toHaveProperty(
      ['outbound|80||web.default.svc.cluster.local', 'type'],
      'EDS',
    );
  });

  test('of a proxy that is not there fails, of a part that is none is a wrong call', async () => {
    const nobody = await mesh.lateen('proxy-config', 'cluster', 'nobody.default');
    expect([nobody.code, nobody.stdout]).toEqual([1, '']);
    expect(nobody.stderr).toMatch(/LAT0003 .*nobody\.default.*\n +fix: lateen proxy-status/);
    expect((await mesh.lateen('proxy-config', 'clusterz', 'front.default')).code).toBe(64);
  });
});

describe('get', () => {
  test('lists resources with their state and source', async () => {
    const { code, stdout } = await mesh.lateen('get', 'vs');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^VirtualService +default +front +ok +mesh\/routes\.yaml:1$/m);
    expect(await json('get', 'gateways', 'front')).toEqual([
      expect.objectContaining({ kind: 'Gateway', name: 'front', state: 'ok', problems: [] }),
    ]);
    const yaml = await mesh.lateen('get', 'vs', 'front', '-o', 'yaml');
    expect(yaml.stdout).toMatch(/^kind: VirtualService$/m);
  });

  test('one that is not there fails, a kind that is none is a wrong call', async () => {
    expect((await mesh.lateen('get', 'vs', 'nobody')).code).toBe(1);
    expect((await mesh.lateen('get', 'vz')).code).toBe(64);
    expect(await json('get', 'problems')).toEqual([]);
  });
});

describe('apply and delete', () => {
  const YAML = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, trafficPolicy: {loadBalancer: {simple: RANDOM}}}
`;

  test('bring a resource into the proxies and out of them', async () => {
    const file = await mesh.directory.write('rule.yaml', YAML);
    const dry = await mesh.lateen('apply', '-f', file, '--dry-run');
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining('(dry run)')]);
    const applied = await mesh.lateen('apply', '-f', file, '--wait');
    expect(applied.stdout).toContain('DestinationRule default/web created');
    expect(applied.stdout).toContain('2 of 2 proxies in sync');
    const policy = async () => {
      const config = (await json('proxy-config', 'cluster', 'front.default')) as {
        CDS: Record<string, { lbPolicy?: string }>;
      };
      return config.CDS['outbound|80||web.default.svc.cluster.local']!.lbPolicy;
    };
    expect(await policy()).toBe('RANDOM');
    expect(await json('delete', 'destinationrule', 'web')).toMatchObject({ deleted: true });
    await waitFor('the old policy', async () => (await policy()) !== 'RANDOM');
    const again = await mesh.lateen('delete', 'destinationrule', 'web');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('there is no')]);
  });

  test('leave alone what a file declares, and say which', async () => {
    const declared = await mesh.directory.read('mesh/routes.yaml');
    const file = await mesh.directory.write('again.yaml', declared);
    const applied = await mesh.lateen('apply', '-f', file);
    expect(applied.code).toBe(1);
    expect(applied.stderr).toMatch(/LAT0110 .*mesh\/routes\.yaml:1/);
    const deleted = await mesh.lateen('delete', 'vs', 'front');
    expect([deleted.code, deleted.stderr]).toEqual([1, expect.stringContaining('routes.yaml')]);
    expect((await mesh.get('/')).status).toBe(200);
  });

  test('a broken file is refused whole, and nothing of it is applied', async () => {
    const file = await mesh.directory.write('broken.yaml', `${YAML}---\nkind: [`);
    const { code, stderr } = await mesh.lateen('apply', '-f', file);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/broken\.yaml:\d+:\d+ error LAT/)]);
    expect(await mesh.resource('DestinationRule', 'web')).toBeUndefined();
  });
});
