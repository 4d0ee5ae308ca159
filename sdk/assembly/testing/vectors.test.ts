import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundledModules } from '@lateen/filters/bundled-modules';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileGuest } from './open-guest.ts';
import { RawGuest } from './raw-guest.ts';

const VECTORS = join(dirname(fileURLToPath(import.meta.url)), '../../abi/vectors');

/** The guest's half of sdk/abi/vectors: the bytes that a module writes or reads. */
function vector(file: string, name: string): Buffer {
  const entries: { name: string; hex: string }[] = JSON.parse(
    readFileSync(join(VECTORS, file), 'utf8'),
  );
  const entry = entries.find((known) => known.name === name);
  if (entry === undefined) throw new Error(`${file} has no ${name}`);
  return Buffer.from(entry.hex.replaceAll(' ', ''), 'hex');
}

test('a RouteSelection stands in memory as both sides agreed', () => {
  const guest = new RawGuest(bundledModules('router')[0].bytes);
  const others = ['/a', '/b', '/c'].map((path) => ({ match: { path }, route: { cluster: path } }));
  const table = {
    '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
    virtualHosts: [
      { domains: ['*'], routes: [...others, { match: { prefix: '/' }, route: { cluster: 'x' } }] },
    ],
  };
  expect(guest.configure(1, table)).toBe(1);
  guest.headers = { ':authority': 'a', ':path': '/x' };
  const address = guest.call('lateen_on_route', 7, 1);
  expect(guest.bytes(address, 32)).toEqual(
    vector('route-selection.json', 'a single cluster without limits of its own'),
  );
});

test('an AttemptWish stands in memory as both sides agreed', () => {
  const guest = new RawGuest(bundledModules('retry')[0].bytes);
  expect(guest.configure(1, { retryOn: '5xx', perTryTimeout: '2s' })).toBe(1);
  guest.call('lateen_on_route_config', 7, 1);
  const address = guest.call('lateen_on_attempt', 7, 1, 0);
  expect(guest.bytes(address, 20)).toEqual(
    vector('attempt-wish.json', 'nothing but the time limit of the first attempt'),
  );
});

let structures: Uint8Array;

beforeAll(async () => {
  structures = await compileGuest('structures', 'fast');
});

describe('the argument of a foreign function', () => {
  test.each([
    ['all values of a request header', 'headerValues', []],
    ['a match', 'regexMatch', []],
    ['a replacement', 'regexReplace', []],
    ['a timer', 'timer', [1500]],
    ['a line', 'line', [3]],
    ['a refusal', 'refusal', []],
  ])('is written as both sides agreed: %s', (name, call, args) => {
    const guest = new RawGuest(structures);
    guest.call(call, ...args);
    expect(guest.foreign.at(-1)?.argument).toEqual(vector('foreign-arguments.json', name));
  });
});

test.each(['the empty map', 'an empty value', 'empty names, as lateen.header_values answers'])(
  'pairs are read and written as both sides agreed: %s',
  (name) => {
    const guest = new RawGuest(structures);
    const encoded = vector('pairs.json', name);
    const at = guest.call('prepare', encoded.length);
    guest.bytes(at, encoded.length).set(encoded);
    const again = guest.call('pairsAgain');
    // The SDK writes the empty map as nothing at all, which the ABI reads as the same.
    const wanted = encoded.length === 4 ? Buffer.alloc(0) : encoded;
    expect(guest.bytes(again, wanted.length)).toEqual(wanted);
  },
);
