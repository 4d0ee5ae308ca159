import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FETCH_LIMITS } from '../limits.ts';
import type { Credential } from './credentials.ts';
import { openSession } from './open-session.ts';
import { resolveImage } from './pull.ts';
import { parseReference } from './reference.ts';
import { ScriptedRegistry } from './testing/scripted-registry.ts';
import { must } from './testing/session.ts';

let registry: ScriptedRegistry;
let sent: string[];

beforeEach(async () => {
  sent = [];
  registry = await ScriptedRegistry.open();
  registry.on('/v2/team/x/manifests/v1', (request, response) => {
    const manifest =
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[]}';
    if (request.headers.authorization === 'Bearer good') return void response.end(manifest);
    const realm = `http://${registry.host}/token?tenant=1`;
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="s p"` }).end();
  });
  registry.on('/token', (request, response) => {
    void text(request).then((body) => {
      sent.push(`${request.method} ${request.url} ${body}`);
      response.end('{"token":"good"}');
    });
  });
});
afterEach(() => registry[Symbol.asyncDispose]());

async function resolveWith(credential: Credential | undefined, tag = 'v1') {
  const reference = must(parseReference(`${registry.host}/team/x:${tag}`));
  const auths = new Map(credential === undefined ? [] : [[registry.host, credential]]);
  const session = openSession(
    reference,
    { limits: FETCH_LIMITS, insecureRegistries: [] },
    {
      docker: { auths, helper: () => undefined },
      actions: 'pull',
      signal: new AbortController().signal,
    },
  );
  return resolveImage(session, reference);
}

test('without credentials a token is asked for all the same, for what we want and no more', async () => {
  expect(await resolveWith(undefined)).toMatchObject({ ok: true });
  expect(sent).toEqual(['GET /token?tenant=1&service=s+p&scope=repository%3Ateam%2Fx%3Apull ']);
});

test('a refresh token is exchanged by OAuth 2, in a body that no log of addresses holds', async () => {
  expect(await resolveWith({ kind: 'identity', token: 'refresh me' })).toMatchObject({ ok: true });
  expect(sent).toEqual([
    'POST /token?tenant=1 grant_type=refresh_token&service=s+p&scope=repository%3Ateam%2Fx%3Apull&client_id=lateen&refresh_token=refresh+me',
  ]);
});

test('a bearer token is sent as it is, once it was asked for', async () => {
  expect(await resolveWith({ kind: 'token', token: 'good' })).toMatchObject({ ok: true });
  expect(sent).toEqual([]);
  expect(registry.authorizations).toContain('Bearer good');
  const refused = await resolveWith({ kind: 'token', token: 'bad' });
  expect(refused).toMatchObject({ ok: false, error: { code: 'LAT0409' } });
});

test('a password goes to the token server, and the token to the registry', async () => {
  const password = { kind: 'password', user: 'me', password: 'pw:x' } as const;
  expect(await resolveWith(password)).toMatchObject({ ok: true });
  const basic = `Basic ${Buffer.from('me:pw:x').toString('base64')}`;
  const byPath = registry.asked.map((line, at) => `${line} ${registry.authorizations[at]}`);
  expect(byPath.filter((line) => line.includes(basic))).toEqual([`GET /token ${basic}`]);
});

test('a challenge that is none of ours, or none at all, is a refusal', async () => {
  for (const challenge of ['Negotiate', 'Basic realm="r"', '']) {
    registry.on('/v2/team/x/manifests/v2', (_, response) => {
      response.writeHead(401, challenge === '' ? {} : { 'www-authenticate': challenge }).end();
    });
    const refused = await resolveWith({ kind: 'identity', token: 't' }, 'v2');
    expect(refused).toMatchObject({ ok: false, error: { code: 'LAT0409' } });
  }
});
