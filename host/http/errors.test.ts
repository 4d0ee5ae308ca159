import { expect, test } from 'vitest';
import { errorFlag, HTTP_ERRORS, httpError, localReply } from './errors.ts';
import { formatResponseFlags, responseFlag } from './response-flags.ts';

test('a reply has its length and its type, and none of both without a body', () => {
  const { head, body } = localReply(httpError('no-healthy-upstream'));
  expect(head.toPairs()).toEqual([
    [':status', '503'],
    ['content-length', '19'],
    ['content-type', 'text/plain'],
  ]);
  expect(body.toString()).toBe('no healthy upstream');
  expect(localReply(httpError('no-route')).head.toPairs()).toEqual([[':status', '404']]);
});

test('an upstream reset is told as Envoy tells it', () => {
  const error = httpError('upstream-reset');
  expect(error.body).toBe(
    'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
  );
  expect(error.details).toBe('upstream_reset_before_response_started{connection_termination}');
  expect(formatResponseFlags(errorFlag(error))).toBe('UC');
});

test('flags stand at Envoy’s bits and are listed in its order', () => {
  expect([responseFlag('LH'), responseFlag('NR'), responseFlag('DPE'), responseFlag('NC')]).toEqual(
    [1, 0x100, 0x40000, 0x1000000],
  );
  expect(formatResponseFlags(responseFlag('URX') | responseFlag('UF'))).toBe('UF,URX');
  expect(formatResponseFlags(0)).toBe('-');
});

test('details have no spaces, statuses are final', () => {
  for (const [code, { details, status }] of Object.entries(HTTP_ERRORS)) {
    expect([code, details]).toEqual([code, details.replace(/\s/g, '')]);
    if (code !== 'downstream-gone') expect(status).toBeGreaterThanOrEqual(400);
  }
});
