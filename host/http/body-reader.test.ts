import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyReader } from './body-reader.ts';
import { FAILED } from './head-facts.ts';

interface Read {
  readonly body: string;
  /** Where the body ended in the bytes, or where reading stopped. */
  readonly at: number;
  readonly state: 'ended' | 'trailers' | 'more' | 'failed';
}

function read(bytes: Buffer, length: number, chunked: boolean, cuts: readonly number[] = []): Read {
  const reader = new BodyReader();
  reader.begin(length, chunked);
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  let body = '';
  let total = 0;
  for (let i = 0; i + 1 < edges.length; i++) {
    const piece = Buffer.from(bytes.subarray(edges[i], edges[i + 1]));
    let at = 0;
    while (at < piece.length && !reader.ended && !reader.atTrailers) {
      at = reader.read(piece, at);
      if (at === FAILED) return { body, at: 0, state: 'failed' };
      body += piece.toString('latin1', reader.pieceStart, reader.pieceEnd);
    }
    total = edges[i] + at;
    if (reader.ended || reader.atTrailers) break;
  }
  return {
    body,
    at: total,
    state: reader.ended ? 'ended' : reader.atTrailers ? 'trailers' : 'more',
  };
}

function encode(chunks: readonly Uint8Array[]): Buffer {
  const parts = chunks
    .filter((chunk) => chunk.length > 0)
    .map((chunk) =>
      Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
    );
  return Buffer.concat([...parts, Buffer.from('0\r\n')]);
}

const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
const cuts = fc.array(fc.nat(500), { maxLength: 6 });

test('chunks of any size, cut anywhere, are the body they carry', () => {
  fc.assert(
    fc.property(chunks, cuts, (list, where) => {
      const bytes = Buffer.concat([encode(list), Buffer.from('\r\nGET /next')]);
      const result = read(
        bytes,
        -1,
        true,
        where.map((cut) => cut % bytes.length),
      );
      expect(result.body).toBe(Buffer.concat(list).toString('latin1'));
      expect([result.state, result.at]).toEqual(['trailers', bytes.length - 11]);
    }),
  );
});

test('the chunks of one received piece are one piece of body', () => {
  const reader = new BodyReader();
  reader.begin(-1, true);
  const bytes = encode([Buffer.from('ab'), Buffer.from('cde'), Buffer.from('f')]);
  expect(reader.read(bytes, 0)).toBe(bytes.length);
  expect(bytes.toString('latin1', reader.pieceStart, reader.pieceEnd)).toBe('abcdef');
});

test('a length counts bytes, and what follows is left alone', () => {
  expect(read(Buffer.from('helloGET'), 5, false, [2])).toEqual({
    body: 'hello',
    at: 5,
    state: 'ended',
  });
  expect(read(Buffer.from('hell'), 5, false)).toEqual({ body: 'hell', at: 4, state: 'more' });
  expect(read(Buffer.from('GET'), 0, false)).toEqual({ body: '', at: 0, state: 'ended' });
});

test('without any framing everything is body', () => {
  expect(read(Buffer.from('all of it'), -1, false, [3]).body).toBe('all of it');
});

test('a mutated chunked body is read the same way however it is cut, and never throws', () => {
  const valid = encode([Buffer.from('hello'), Buffer.from('world, again')]);
  fc.assert(
    fc.property(fc.nat(valid.length - 1), fc.nat(255), cuts, (at, byte, where) => {
      const bytes = Buffer.from(valid);
      bytes[at] = byte;
      const whole = read(bytes, -1, true);
      const parts = read(
        bytes,
        -1,
        true,
        where.map((cut) => cut % bytes.length),
      );
      expect(parts.state).toBe(whole.state);
      if (whole.state !== 'failed') expect(parts.body).toBe(whole.body);
    }),
    { numRuns: 2000 },
  );
});
