import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatReference, parseReference } from './reference.ts';

const DIGEST = 'a'.repeat(64);

describe('a reference', () => {
  test.each([
    ['oci://ghcr.io/team/filter:v1', 'ghcr.io', 'team/filter', 'v1', undefined],
    ['localhost:5000/filter', 'localhost:5000', 'filter', 'latest', undefined],
    ['[::1]:5000/a/b', '[::1]:5000', 'a/b', 'latest', undefined],
    ['filter', 'index.docker.io', 'library/filter', 'latest', undefined],
    ['team/filter:2', 'index.docker.io', 'team/filter', '2', undefined],
    ['docker.io/filter', 'index.docker.io', 'library/filter', 'latest', undefined],
    [`r.example/f@sha256:${DIGEST}`, 'r.example', 'f', undefined, DIGEST],
    [`r.example/f:v1@sha256:${DIGEST}`, 'r.example', 'f', 'v1', DIGEST],
    ['r.example/a_b/c.d/e--f:V_1.0-x', 'r.example', 'a_b/c.d/e--f', 'V_1.0-x', undefined],
  ])('%s is read', (text, registry, repository, tag, digest) => {
    expect(parseReference(text)).toEqual({
      ok: true,
      value: { registry, repository, tag, digest },
    });
  });

  test.each([
    ['', 'repository'],
    ['oci://', 'repository'],
    ['r.example/', 'repository'],
    ['r.example/Team/filter', 'repository'],
    ['r.example/a//b', 'repository'],
    ['r.example/../../etc/passwd', 'repository'],
    ['r.example/a/..%2f', 'repository'],
    ['r.example/f:', 'tag'],
    ['r.example/f:a/b', 'repository'],
    [`r.example/f:${'t'.repeat(129)}`, 'tag'],
    ['r.example/f@sha256:abc', 'digest'],
    [`r.example/f@md5:${'a'.repeat(32)}`, 'digest'],
    [`r.example/f@sha256:${DIGEST}@sha256:${DIGEST}`, 'digest'],
    ['user:password@r.example/f', 'credentials'],
    ['r.example:99999/f', 'registry'],
    ['r.exa mple/f', 'registry'],
    ['-.example/f', 'registry'],
    [`r.example/${'a/'.repeat(200)}b`, 'repository'],
    ['x'.repeat(2000), 'too long'],
  ])('%s is refused with what is wrong', (text, why) => {
    const parsed = parseReference(text);
    expect(parsed).toMatchObject({ ok: false, error: { code: 'LAT0408' } });
    expect(!parsed.ok && parsed.error.message).toContain(why);
  });

  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const reference = fc.record({
    registry: fc.oneof(
      fc.constantFrom('localhost', 'localhost:5000', '10.0.0.1:443', 'index.docker.io'),
      word.map((name) => `${name}.example`),
    ),
    repository: fc.array(word, { minLength: 2, maxLength: 5 }).map((parts) => parts.join('/')),
    tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/),
    digest: fc.option(fc.constant(DIGEST), { nil: undefined }),
  });

  test('comes back as it was written', () => {
    fc.assert(
      fc.property(reference, (value) => {
        expect(parseReference(formatReference(value))).toEqual({ ok: true, value });
      }),
    );
  });

  test('that is any text at all makes a URL on its own registry, or none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
        const parsed = parseReference(text);
        if (!parsed.ok) return;
        const { registry, repository } = parsed.value;
        const url = new URL(`https://${registry}/v2/${repository}/manifests/x`);
        expect(url.pathname).toBe(`/v2/${repository}/manifests/x`);
        expect(`${url.username}${url.search}${url.hash}`).toBe('');
      }),
      { numRuns: 1000 },
    );
  });
});
