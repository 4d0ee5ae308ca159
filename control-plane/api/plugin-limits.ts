import {
  PLUGIN_LIMIT_NAMES,
  PLUGIN_LIMITS,
  type PluginLimitName,
  type PluginLimits,
} from '@lateen/sdk/xds/plugin-limits';
import * as z from 'zod';
import { object } from './schema.ts';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  M: 1000 ** 2,
  G: 1000 ** 3,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

/** Bytes of a Kubernetes quantity (`16Mi`, `1.5G`, `65536`); undefined where the text is none. */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)(k|M|G|Ki|Mi|Gi)?$/.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const quantity = z.union([z.string(), z.int()]).transform((value, context) => {
  const bytes = typeof value === 'number' ? value : parseBytes(value);
  if (bytes !== undefined) return bytes;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(value)} is no number of bytes`,
    params: { fix: 'write a number and a unit, for example 64Ki, 16Mi or 1Gi' },
  });
  return z.NEVER;
});

function limit(name: PluginLimitName) {
  const { unit, min, max } = PLUGIN_LIMITS[name];
  const read = unit === 'bytes' ? quantity : z.int();
  const message = `must be between ${show(min, unit)} and ${show(max, unit)}`;
  return read.refine((value) => value >= min && value <= max, message).optional();
}

function show(value: number, unit: 'bytes' | 'count'): string {
  if (unit === 'count') return value.toLocaleString('en');
  if (value >= UNITS['Mi']!) return `${value / UNITS['Mi']!}Mi`;
  return value >= 1024 ? `${value / 1024}Ki` : String(value);
}

/** `limits:` of a plugin: Lateen's addition to Istio's kinds. */
export const pluginLimits = object({
  memory: limit('memoryBytes'),
  fuelPerCallback: limit('fuelPerCallback'),
  fuelPerRequest: limit('fuelPerRequest'),
  fuelPerConfiguration: limit('fuelPerConfiguration'),
  sharedData: limit('sharedDataBytes'),
  queueItems: limit('queueItems'),
  callouts: limit('callouts'),
  logLinesPerSecond: limit('logLinesPerSecond'),
  streams: limit('streams'),
}).transform((given): PluginLimits => {
  const entries = PLUGIN_LIMIT_NAMES.map((name) => {
    const written: Readonly<Record<string, number | undefined>> = given;
    return [name, written[PLUGIN_LIMITS[name].yaml]] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
});
