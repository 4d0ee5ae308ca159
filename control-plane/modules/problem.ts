import type { Problem } from '@lateen/sdk/base/problem';
import { fail, type Result } from '@lateen/sdk/base/result';

/** Codes of what can go wrong between a URL and a module that proxies can have. */
/** May pass by itself: a connection, a time-out, a 5xx. Tried again. */
export const FETCH_FAILED = 'LAT0401';
export const DIGEST_MISMATCH = 'LAT0402';
export const TOO_LARGE = 'LAT0403';
export const SCHEME_UNSUPPORTED = 'LAT0404';
export const ADDRESS_REFUSED = 'LAT0405';
export const STORE_FAILED = 'LAT0406';
/** A clear no (404, 403): tried again when the resource changes. */
export const FETCH_REFUSED = 'LAT0407';
export const REFERENCE_INVALID = 'LAT0408';
/** A pull secret or docker config that is missing or cannot be read, or that the registry refuses. */
export const CREDENTIALS_INVALID = 'LAT0409';
/** A key that cannot be read, or that nothing should be signed with. */
export const KEY_UNUSABLE = 'LAT0410';
export const SIGNATURE_MISSING = 'LAT0411';
export const SIGNATURE_WRONG = 'LAT0412';
/** The mesh takes signed modules only, and nothing says whose signature this one should have. */
export const SIGNATURE_REQUIRED = 'LAT0413';
/** A registry's answer that is no image, or an image that holds no module. */
export const NOT_AN_IMAGE = 'LAT0414';
export const CERTIFICATE_REFUSED = 'LAT0415';
/** pluginConfig breaks the schema that the module carries. */
export const CONFIG_REFUSED = 'LAT0416';
export const NOT_A_MODULE = 'LAT0301';
export const REFUSED_BY_PROXY = 'LAT0302';

export function moduleProblem(code: string, message: string, fix?: string): Problem {
  return { level: 'error', code, message, origin: {}, ...(fix === undefined ? {} : { fix }) };
}

export function failed<T>(code: string, message: string, fix?: string): Result<T> {
  return fail(moduleProblem(code, message, fix));
}

const ABOUT_TRUST: ReadonlySet<string> = new Set([
  DIGEST_MISMATCH,
  KEY_UNUSABLE,
  SIGNATURE_MISSING,
  SIGNATURE_WRONG,
  SIGNATURE_REQUIRED,
]);

/** It was not the module that was meant, or nobody says that it is. */
export function isAboutTrust(code: string): boolean {
  return ABOUT_TRUST.has(code);
}
