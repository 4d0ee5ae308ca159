import { createHash } from 'node:crypto';
import type { JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import type { Outcome, Result } from '@lateen/sdk/base/result';
import { CLUSTER_TYPE, PUSH_ORDER } from './type-urls.ts';
import { encodeAny, encodeDeltaResource, encodeSotwResource } from './wire.ts';

/** One resource, encoded once: every proxy that gets it gets these bytes. */
export interface EncodedResource {
  readonly typeUrl: string;
  readonly name: string;
  /** Digest of the content: the same content has the same version after a restart too. */
  readonly version: string;
  readonly json: JsonObject;
  readonly delta: Buffer;
  readonly sotw: Buffer;
  /** Of a cluster with EDS: the assignment it needs after every change. */
  readonly assignment?: string;
}

export type ResourcesByName = ReadonlyMap<string, EncodedResource>;

/** Everything one proxy should have, whole. Immutable. */
export interface Snapshot {
  readonly version: string;
  readonly types: ReadonlyMap<string, ResourcesByName>;
}

const NO_RESOURCES: ResourcesByName = new Map();

export function resourcesOf(snapshot: Snapshot, typeUrl: string): ResourcesByName {
  return snapshot.types.get(typeUrl) ?? NO_RESOURCES;
}

/** Canonical proto3 JSON with its `@type` to the message's bytes. */
export type EncodeMessage = (json: JsonObject) => Result<Uint8Array>;

/** Type URL -> name -> canonical JSON, as the translation makes them. */
export type JsonResources = ReadonlyMap<string, ReadonlyMap<string, JsonObject>>;

/**
 * Turns JSON resources into snapshots. What was encoded before is found again by its content, in
 * whichever proxy's snapshot it first stood, and not encoded again.
 */
export class SnapshotEncoder {
  readonly #encode: EncodeMessage;
  #known = new Map<string, EncodedResource>();
  #used = new Map<string, EncodedResource>();
  #encodedCount = 0;

  constructor(encode: EncodeMessage) {
    this.#encode = encode;
  }

  /** How many resources were encoded since the start. */
  get encodedCount(): number {
    return this.#encodedCount;
  }

  /** Resources that cannot be encoded are left out and reported; the others stand. */
  snapshot(resources: JsonResources): Outcome<Snapshot> {
    const problems: Problem[] = [];
    const hash = createHash('sha256');
    const types = new Map<string, ResourcesByName>();
    for (const typeUrl of PUSH_ORDER) {
      const byName = new Map<string, EncodedResource>();
      for (const [name, json] of resources.get(typeUrl) ?? []) {
        const encoded = this.#resource(typeUrl, name, json);
        if (encoded.ok) byName.set(name, encoded.value);
        else problems.push(encoded.error);
      }
      for (const name of [...byName.keys()].sort())
        hash.update(`${name}\n${byName.get(name)?.version}\n`);
      types.set(typeUrl, byName);
    }
    return { value: { version: hash.digest('hex').slice(0, 16), types }, problems };
  }

  /** Forgets what no snapshot since the last call used. Call once per round of snapshots. */
  sweep(): void {
    this.#known = this.#used;
    this.#used = new Map();
  }

  #resource(typeUrl: string, name: string, json: JsonObject): Result<EncodedResource> {
    const text = JSON.stringify(json);
    const digest = createHash('sha256').update(`${typeUrl}\n${name}\n`).update(text).digest('hex');
    const known = this.#used.get(digest) ?? this.#known.get(digest);
    if (known !== undefined) {
      this.#used.set(digest, known);
      return { ok: true, value: known };
    }
    const bytes = this.#encode(json);
    if (!bytes.ok) return bytes;
    this.#encodedCount += 1;
    const version = digest.slice(0, 16);
    const any = encodeAny(typeUrl, bytes.value);
    const assignment = typeUrl === CLUSTER_TYPE ? assignmentOf(name, json) : undefined;
    const resource: EncodedResource = {
      typeUrl,
      name,
      version,
      json,
      delta: encodeDeltaResource(name, version, any),
      sotw: encodeSotwResource(any),
      ...(assignment === undefined ? {} : { assignment }),
    };
    this.#used.set(digest, resource);
    return { ok: true, value: resource };
  }
}

function assignmentOf(name: string, json: JsonObject): string | undefined {
  if (json['type'] !== 'EDS') return undefined;
  const config = json['edsClusterConfig'] as JsonObject | undefined;
  const serviceName = config?.['serviceName'];
  return typeof serviceName === 'string' && serviceName !== '' ? serviceName : name;
}
