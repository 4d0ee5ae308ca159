/**
 * Envoy's response flags: the bit that the property `response.flags` shows, and the short name that
 * access logs print. The order is Envoy's (`CoreResponseFlag`).
 */
const NAMES = [
  'LH',
  'UH',
  'UT',
  'LR',
  'UR',
  'UF',
  'UC',
  'UO',
  'NR',
  'DI',
  'FI',
  'RL',
  'UAEX',
  'RLSE',
  'DC',
  'URX',
  'SI',
  'IH',
  'DPE',
  'UMSDR',
  'RFCF',
  'NFCF',
  'DT',
  'UPE',
  'NC',
  'OM',
  'DF',
  'DO',
  'DR',
  'UDO',
] as const;

export type ResponseFlag = (typeof NAMES)[number];

/** The bit of a flag. */
export function responseFlag(name: ResponseFlag): number {
  return 1 << NAMES.indexOf(name);
}

/** `UF,URX` as access logs show it, or `-`. */
export function formatResponseFlags(bits: number): string {
  if (bits === 0) return '-';
  return NAMES.filter((_, index) => (bits & (1 << index)) !== 0).join(',');
}
