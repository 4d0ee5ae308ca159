import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { compileGuest } from './open-guest.ts';
import { TextGuest } from './text-guest.ts';

let guest: TextGuest;

beforeAll(async () => {
  guest = new TextGuest(new WebAssembly.Module(await compileGuest('helpers', 'fast')));
});

const NOW = 1_800_000_000;

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function sign(claims: object, secret = 'secret', header: object = { alg: 'HS256', kid: 'k1' }) {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

test('a token is taken apart, with or without Bearer', () => {
  const token = sign({ sub: 'ann' });
  expect(guest.text('jwtPart', token)).toBe('HS256 k1 ann');
  expect(guest.text('jwtPart', `Bearer ${token}`)).toBe('HS256 k1 ann');
});

test('a signature of another secret, text or algorithm does not verify', () => {
  const token = sign({ sub: 'ann' });
  expect(guest.number('jwtVerifies', token, 'secret')).toBe(1);
  expect(guest.number('jwtVerifies', token, 'other')).toBe(0);
  expect(guest.number('jwtVerifies', token, '')).toBe(0);
  const [header, , signature] = token.split('.');
  const forged = `${header}.${part({ sub: 'eve' })}.${signature}`;
  expect(guest.number('jwtVerifies', forged, 'secret')).toBe(0);
  for (const alg of ['none', 'RS256', 'hs256']) {
    expect(guest.number('jwtVerifies', sign({}, 'secret', { alg }), 'secret')).toBe(0);
  }
  expect(guest.number('jwtVerifies', `${header}.${part({})}.`, 'secret')).toBe(0);
});

test.each([['', 'a', 'a.b', 'a.b.c', '..', '.e30.', 'e30.e30.e30.e30', 'e30.W10.', 'e30.eyJ.x']])(
  'what is no token is null',
  (...texts) => {
    for (const text of texts) expect(guest.text('jwtPart', text)).toBe('null');
  },
);

test('any text is a token or null, and never ends the module', () => {
  const letters = fc.string({ unit: fc.constantFrom(...'eyJ30.W=_-"{} '), maxLength: 60 });
  fc.assert(
    fc.property(letters, (text) => {
      expect(typeof guest.text('jwtPart', text)).toBe('string');
    }),
  );
});

test.each([
  [{}, ''],
  [{ exp: NOW + 1 }, ''],
  [{ exp: NOW - 59 }, ''],
  [{ exp: NOW - 60 }, 'expired'],
  [{ exp: 'soon' }, 'exp is not a number'],
  [{ nbf: NOW + 60 }, ''],
  [{ nbf: NOW + 61 }, 'not valid yet'],
])('claims %o: %j', (claims, problem) => {
  expect(guest.text('jwtProblem', sign(claims), '', '', BigInt(NOW))).toBe(problem);
});

test.each([
  [{ iss: 'me', aud: 'you' }, ''],
  [{ iss: 'me', aud: ['they', 'you'] }, ''],
  [{ iss: 'other', aud: 'you' }, 'of another issuer'],
  [{ aud: 'you' }, 'of another issuer'],
  [{ iss: 'me', aud: [] }, 'for another audience'],
  [{ iss: 'me', aud: 'yo' }, 'for another audience'],
  [{ iss: 'me' }, 'for another audience'],
])('claims %o for issuer and audience: %j', (claims, problem) => {
  expect(guest.text('jwtProblem', sign(claims), 'me', 'you', BigInt(NOW))).toBe(problem);
});
