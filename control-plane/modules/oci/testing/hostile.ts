import { classifyAddress } from '../../address-guard.ts';
import { pullModule, resolveImage } from '../pull.ts';
import type { ScriptedRegistry } from './scripted-registry.ts';
import { sessionFor, type TestSessionOptions } from './session.ts';

export const MODULE = Buffer.from('0061736d01000000', 'hex');
export const WASM = 'application/wasm';
export const LIMITS = {
  moduleBytesMax: 100_000,
  unpackedBytesMax: 200_000,
  manifestBytesMax: 50_000,
  timeoutMs: 10_000,
  attemptTimeoutMs: 30_000,
};

/** 127.0.0.2 stands for an address on the Internet. */
export const classify: typeof classifyAddress = (address) =>
  address === '127.0.0.2' ? 'public' : classifyAddress(address);

/** Pulls `x:v1`. */
export async function pullFrom(registry: ScriptedRegistry, options: TestSessionOptions = {}) {
  const text = `${registry.host}/x:v1`;
  const { session, reference } = sessionFor(text, { limits: LIMITS, classify, ...options });
  const resolved = await resolveImage(session, reference);
  return resolved.ok ? pullModule(session, resolved.value.image) : resolved;
}

export const refusal = (code: string) => ({ ok: false, error: { code } });
