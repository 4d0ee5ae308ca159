import { fail, ok, type Result } from '@lateen/sdk/base/result';
import { cannot } from '../../say.ts';
import type { PlayedRequest } from './play.ts';

const TEXTS = ['method', 'path', 'authority', 'configuration'] as const;

/** Reads a recorded request; the problem names the field that is wrong. */
export function parseReplay(text: string, file: string): Result<PlayedRequest> {
  const wrong = (what: string) => fail(cannot(`${file} is no recorded request: ${what}`));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
  if (typeof json !== 'object' || json === null) return wrong('it is no object');
  const record = json as Record<string, unknown>;
  const field = TEXTS.find((name) => typeof record[name] !== 'string');
  if (field !== undefined) return wrong(`${field} is no text`);
  const { headers, body } = record;
  if (!Array.isArray(headers) || !headers.every(isPair)) return wrong('headers are no pairs');
  if (body !== null && typeof body !== 'string') return wrong('body is neither text nor null');
  return ok(record as unknown as PlayedRequest);
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((v) => typeof v === 'string');
}
