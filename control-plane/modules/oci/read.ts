import { isJsonObject } from '@lateen/sdk/base/json';
import { ok, type Result } from '@lateen/sdk/base/result';
import { sha256 } from '../digest.ts';
import { shown } from '../exchange.ts';
import { DIGEST_MISMATCH, failed, TOO_LARGE } from '../problem.ts';
import { refusedBy } from '../retry-after.ts';
import {
  type Descriptor,
  type Image,
  type ImageIndex,
  MANIFEST_TYPES,
  parseManifest,
} from './manifest.ts';
import type { RegistrySession, Reply } from './session.ts';

const TAGS_MAX = 100;
const TAGS_BYTES_MAX = 64 * 1024;

/** A manifest with the digest of its bytes. */
export interface Manifest {
  readonly digest: string;
  readonly size: number;
  readonly content: Image | ImageIndex;
}

/** A manifest by tag or `sha256:...`; undefined where the registry has none of that name. */
export async function readManifest(
  session: RegistrySession,
  name: string,
): Promise<Result<Manifest | undefined>> {
  const reply = await session.call({
    method: 'GET',
    path: `manifests/${name}`,
    headers: { accept: MANIFEST_TYPES.join(', ') },
    bytesMax: session.limits.manifestBytesMax,
  });
  if (!reply.ok) return reply;
  if (reply.value.status === 404) return ok(undefined);
  if (reply.value.status !== 200) return unexpected(reply.value);
  const { body, headers } = reply.value;
  const digest = sha256(body);
  const wanted = /^sha256:(.*)$/.exec(name)?.[1];
  if (wanted !== undefined && wanted !== digest) return lies('manifest', wanted, digest);
  const type = headers['content-type'];
  const content = parseManifest(body, typeof type === 'string' ? type : '');
  return content.ok ? ok({ digest, size: body.length, content: content.value }) : content;
}

/** The bytes that a descriptor promises, no more, no fewer and no others. */
export async function readBlob(
  session: RegistrySession,
  descriptor: Descriptor,
  bytesMax: number,
): Promise<Result<Buffer>> {
  const { digest, size } = descriptor;
  if (size > bytesMax) {
    return failed(TOO_LARGE, `a layer has ${size} bytes, more than the ${bytesMax} that are taken`);
  }
  const path = `blobs/sha256:${digest}`;
  const reply = await session.call({ method: 'GET', path, bytesMax: size });
  if (!reply.ok) return reply;
  if (reply.value.status !== 200) return unexpected(reply.value);
  const actual = sha256(reply.value.body);
  return actual === digest ? ok(reply.value.body) : lies('layer', digest, actual);
}

/** Some tags of the repository; none where the registry does not tell. */
export async function readTags(session: RegistrySession): Promise<readonly string[]> {
  const path = `tags/list?n=${TAGS_MAX}`;
  const reply = await session.call({ method: 'GET', path, bytesMax: TAGS_BYTES_MAX });
  if (!reply.ok || reply.value.status !== 200) return [];
  try {
    const json: unknown = JSON.parse(reply.value.body.toString('utf8'));
    const tags = isJsonObject(json) ? json['tags'] : undefined;
    const texts = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
    return texts
      .filter((tag) => /^\w[\w.-]{0,127}$/.test(tag) && !/^sha256-/.test(tag))
      .slice(0, TAGS_MAX);
  } catch {
    return [];
  }
}

/** An answer that is none of those that mean something here. */
export function unexpected<T>(reply: Reply): Result<T> {
  return refusedBy(reply, `${shown(reply.url)} answers ${reply.status}${reason(reply)}`);
}

/** What the registry says in its own words, if they are such as can be shown. */
function reason({ body }: Reply): string {
  const message = /"message"\s*:\s*"([ !#-[\]-~]{1,200})"/.exec(
    body.toString('utf8', 0, 4096),
  )?.[1];
  return message === undefined ? '' : ` (${message})`;
}

function lies<T>(what: string, wanted: string, actual: string): Result<T> {
  return failed(
    DIGEST_MISMATCH,
    `the registry's ${what} has sha256 ${actual}, not ${wanted}`,
    'what the registry holds was damaged or exchanged',
  );
}
