import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChallenges } from './challenge.ts';
import { credentialFor, parseDockerConfig } from './credentials.ts';

const encode = (text: string) => Buffer.from(text).toString('base64');

function found(config: object, registry: string, repository = 'team/filter') {
  const parsed = parseDockerConfig(JSON.stringify(config));
  if (!parsed.ok) throw new Error(parsed.error.message);
  return credentialFor(parsed.value, { registry, repository });
}

describe('a docker config', () => {
  test('holds passwords in three forms, and two kinds of tokens', () => {
    const auths = {
      'a.example': { auth: encode('me:pa:ss') },
      'https://b.example/v2/': { username: 'me', password: 'pass' },
      'c.example': { identitytoken: 'refresh', auth: encode('<token>:') },
      'd.example': { registrytoken: 'bearer' },
      'https://index.docker.io/v1/': { auth: encode('hub:pass') },
      'e.example': {},
    };
    expect(found({ auths }, 'a.example')).toEqual({
      kind: 'password',
      user: 'me',
      password: 'pa:ss',
    });
    expect(found({ auths }, 'b.example')).toMatchObject({ user: 'me', password: 'pass' });
    expect(found({ auths }, 'c.example')).toEqual({ kind: 'identity', token: 'refresh' });
    expect(found({ auths }, 'd.example')).toEqual({ kind: 'token', token: 'bearer' });
    expect(found({ auths }, 'index.docker.io')).toMatchObject({ user: 'hub' });
    expect(found({ auths }, 'e.example')).toBeUndefined();
  });

  test('gives the longest name that fits, and never that of another host', () => {
    const auths = {
      'r.example': { auth: encode('all:x') },
      'r.example/team': { auth: encode('team:x') },
      'r.example/te': { auth: encode('te:x') },
    };
    expect(found({ auths }, 'r.example')).toMatchObject({ user: 'team' });
    expect(found({ auths }, 'r.example', 'other/f')).toMatchObject({ user: 'all' });
    expect(found({ auths }, 'r.example.evil')).toBeUndefined();
    expect(found({ auths }, 'r.example:5000')).toBeUndefined();
  });

  test.each([
    '',
    'null',
    '[]',
    '{"auths": []}',
    '{"auths": {"a": 1}}',
    '{"auths":{"a":{"auth":"cGE1NXdvcmQ="}}}',
  ])('%s is refused, and what it holds is not told', (text) => {
    const parsed = parseDockerConfig(text);
    expect(parsed).toMatchObject({ ok: false, error: { code: 'LAT0409' } });
    expect(JSON.stringify(parsed)).not.toContain('cGE1NXdvcmQ=');
    expect(JSON.stringify(parsed)).not.toContain('pa55word');
  });
});

describe('a challenge', () => {
  test('is read with its parameters, several in one field', () => {
    const field =
      'Basic realm="a, \\"b\\"", Bearer realm="https://t.example/token",service=s.example,scope="repository:x:pull"';
    expect(parseChallenges(field)).toEqual([
      { scheme: 'basic', params: new Map([['realm', 'a, "b"']]) },
      {
        scheme: 'bearer',
        params: new Map([
          ['realm', 'https://t.example/token'],
          ['service', 's.example'],
          ['scope', 'repository:x:pull'],
        ]),
      },
    ]);
  });

  test('of any text is read in a moment and without an exception', () => {
    const pieces = fc.constantFrom('Bearer', ' ', ',', '=', '"', '\\', 'realm', 'a'.repeat(50));
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(Array.isArray(parseChallenges(text))).toBe(true);
      }),
    );
    expect(parseChallenges('"\\'.repeat(4000))).toEqual([]);
  });
});
