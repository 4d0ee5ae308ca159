import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { target } from '../exchange.ts';
import { pushModule } from './push.ts';
import { classify, MODULE, pullFrom, refusal, WASM } from './testing/hostile.ts';
import { ScriptedRegistry } from './testing/scripted-registry.ts';
import { sessionFor } from './testing/session.ts';

let registry: ScriptedRegistry;
let outside: ScriptedRegistry;

beforeEach(async () => {
  registry = await ScriptedRegistry.open();
  outside = await ScriptedRegistry.open('127.0.0.2');
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await outside[Symbol.asyncDispose]();
});

describe('where a registry sends us', () => {
  test.each([
    ['a metadata service', 'http://169.254.169.254/latest/meta-data'],
    ['a metadata service, written otherwise', 'http://[::ffff:169.254.169.254]/'],
    ['a file', 'file:///etc/passwd'],
    ['somebody with a password', 'http://user:pass@127.0.0.1/'],
  ])('is not followed to %s', async (_, location) => {
    registry.layer({ mediaType: WASM, bytes: MODULE }, (__, response) => {
      response.writeHead(307, { location }).end();
    });
    expect(await pullFrom(registry)).toMatchObject(refusal('LAT0405'));
  });

  test('is not followed from outside to this machine', async () => {
    outside.layer({ mediaType: WASM, bytes: MODULE }, (_, response) => {
      response.writeHead(307, { location: `http://${registry.host}/stolen` }).end();
    });
    expect(await pullFrom(outside)).toMatchObject(refusal('LAT0405'));
    expect(registry.asked).toEqual([]);
  });

  test('is not followed from https to http, nor for ever', async () => {
    const down = target(new URL('https://r.example/'), 'http://r.example/');
    expect(down).toMatchObject(refusal('LAT0405'));
    registry.layer({ mediaType: WASM, bytes: MODULE }, (request, response) => {
      response.writeHead(307, { location: `${request.url}` }).end();
    });
    expect(await pullFrom(registry)).toMatchObject(refusal('LAT0401'));
  });

  test('gets no credentials unless it is the registry itself', async () => {
    await using storage = await ScriptedRegistry.open();
    storage.on('/blob', (_, response) => response.end(MODULE));
    const right = `Basic ${Buffer.from('me:pw').toString('base64')}`;
    registry.on('/v2/', (_, response) => response.writeHead(200).end());
    registry.layer({ mediaType: WASM, bytes: MODULE }, (request, response) => {
      const known = request.headers.authorization === right;
      const headers = { location: `http://${storage.host}/blob?signature=x` };
      if (known) response.writeHead(307, headers).end();
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    });
    expect(await pullFrom(registry, { login: 'me:pw' })).toMatchObject({ ok: true });
    expect(registry.authorizations.at(-1)).toBe(right);
    expect(storage.authorizations).toEqual([undefined]);
  });

  test('with an upload is judged like a redirect', async () => {
    outside.on('*', (request, response) => {
      const headers = { location: `http://${registry.host}/inside` };
      response.writeHead(request.method === 'POST' ? 202 : 404, headers).end();
    });
    const text = `${outside.host}/x:v1`;
    const { session, reference } = sessionFor(text, { classify, actions: 'pull,push' });
    const pushed = await pushModule(session, reference, { module: MODULE, annotations: {} });
    expect(pushed).toMatchObject(refusal('LAT0405'));
    expect(registry.asked).toEqual([]);
  });
});

describe('where a registry says that tokens are to be had', () => {
  const challenge = (from: ScriptedRegistry, realm: string): void => {
    from.on('/v2/x/manifests/v1', (_, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s"` }).end();
    });
  };

  test.each([
    ['a metadata service', 'http://169.254.169.254/token'],
    ['a file', 'file:///etc/passwd'],
    ['unspecified', 'http://0.0.0.0:1/token'],
  ])('is not asked where it is %s', async (_, realm) => {
    challenge(registry, realm);
    expect(await pullFrom(registry, { login: 'me:pw' })).toMatchObject(refusal('LAT0405'));
  });

  test('is not asked on this machine by order of somebody outside', async () => {
    challenge(outside, `http://${registry.host}/token`);
    expect(await pullFrom(outside, { login: 'me:pw' })).toMatchObject(refusal('LAT0405'));
    expect(registry.asked).toEqual([]);
  });

  test('may not send us on, be silent about the token, or send what is no token', async () => {
    challenge(registry, `http://${registry.host}/token`);
    const answers: [string, (response: import('node:http').ServerResponse) => void][] = [
      ['LAT0409', (response) => response.writeHead(302, { location: '/other' }).end()],
      ['LAT0407', (response) => response.end('{}')],
      ['LAT0407', (response) => response.end('{"token":"a\\r\\nhost: b"}')],
      ['LAT0407', (response) => response.end('<html>')],
      ['LAT0403', (response) => response.end(Buffer.alloc(70_000, 0x20))],
      ['LAT0401', (response) => response.writeHead(503).end()],
    ];
    for (const [code, answer] of answers) {
      registry.on('/token', (_, response) => answer(response));
      expect(await pullFrom(registry)).toMatchObject(refusal(code));
    }
    challenge(registry, 'nowhere');
    expect(await pullFrom(registry)).toMatchObject(refusal('LAT0407'));
    expect(registry.asked).not.toContain('GET /other');
  });

  test('is asked once for a pull, and a token that is refused ends it', async () => {
    challenge(registry, `http://${registry.host}/token`);
    registry.on('/token', (_, response) => response.end('{"access_token":"abc"}'));
    expect(await pullFrom(registry)).toMatchObject(refusal('LAT0409'));
    expect(registry.asked.filter((line) => line.endsWith('/token'))).toHaveLength(1);
    expect(registry.authorizations.at(-1)).toBe('Bearer abc');
  });
});

/** A machine without a network has no address but its own. */
const elsewhere = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

test.skipIf(elsewhere === undefined)(
  'a registry elsewhere must speak TLS, unless it is among the insecure ones (needs a network)',
  async () => {
    const address = elsewhere ?? '';
    await using far = await ScriptedRegistry.open(address);
    far.layer({ mediaType: WASM, bytes: MODULE }, (_, response) => response.end(MODULE));
    expect(await pullFrom(far)).toMatchObject(refusal('LAT0401'));
    expect(far.asked).toEqual([]);
    expect(await pullFrom(far, { insecureRegistries: [far.host] })).toMatchObject({ ok: true });
    expect(await pullFrom(far, { insecureRegistries: [address] })).toMatchObject({ ok: true });
    expect(await pullFrom(far, { insecureRegistries: ['*'] })).toMatchObject({ ok: true });
  },
);
