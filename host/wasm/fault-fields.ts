import { REQUEST_HEADERS } from '@lateen/sdk/abi/maps';
import { isJsonObject, type Json } from '@lateen/sdk/base/json';
import type { HeaderMap } from '../http/header-map.ts';
import { headerName } from '../http/header-name.ts';
import { visible } from './guest-log.ts';
import type { GuestTrace } from './source/trace.ts';

/** For whom the guest ran. */
interface FaultFrame {
  readonly root: { readonly pluginName: string; readonly configuration: Uint8Array } | null;
  readonly effects: { headerMap(mapType: number): HeaderMap | null } | null;
}

const REQUEST_ID = headerName('x-request-id');
const CONFIGURATION_MAX = 512;
const REQUEST_ID_MAX = 64;
const SECRET = /pass|secret|token|credential|api.?key|private|authorization|cookie/i;

/** Facts about a fault for its line in the log: for whom the guest ran and what it did last. */
export function faultFields(facts: {
  readonly frame: FaultFrame | null;
  readonly trace: GuestTrace;
  /** Names of the last host calls, the oldest first; empty where nobody counts. */
  readonly calls: readonly string[];
}): Readonly<Record<string, string>> {
  const { frame, trace, calls } = facts;
  const configuration = frame?.root?.configuration;
  const fields = {
    plugin: frame?.root?.pluginName ?? '',
    source: trace.frame,
    host_calls: calls.join(' '),
    request_id: requestId(frame),
    configuration: configuration === undefined ? '' : showConfiguration(configuration),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, text]) => text !== ''));
}

function requestId(frame: FaultFrame | null): string {
  const id = frame?.effects?.headerMap(REQUEST_HEADERS)?.get(REQUEST_ID) ?? '';
  return visible(id.slice(0, REQUEST_ID_MAX));
}

/** The configuration in one line, cut short; values behind names of secrets are left out. */
export function showConfiguration(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  let json: Json;
  try {
    json = JSON.parse(text);
  } catch {
    // No JSON, so nobody knows what in it is a secret: how long it is has to do.
    return text === '' ? '' : `${bytes.length} bytes`;
  }
  const shown = JSON.stringify(redact(json));
  return visible(
    shown.length > CONFIGURATION_MAX ? `${shown.slice(0, CONFIGURATION_MAX)}...` : shown,
  );
}

function redact(json: Json): Json {
  if (Array.isArray(json)) return json.map(redact);
  if (!isJsonObject(json)) return json;
  const entries = Object.entries(json).map(([name, value]) => {
    return [name, SECRET.test(name) ? '[redacted]' : redact(value ?? null)];
  });
  return Object.fromEntries(entries);
}
