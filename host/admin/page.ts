import type { JsonObject } from '@lateen/sdk/base/json';

/** What an endpoint answers. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=UTF-8';

export function textPage(body: string, status = 200): Page {
  return { status, contentType: TEXT, body };
}

export function jsonPage(json: JsonObject | object): Page {
  return {
    status: 200,
    contentType: 'application/json',
    body: `${JSON.stringify(json, null, 1)}\n`,
  };
}

export const OK_PAGE: Page = textPage('OK\n');

/** Envoy's words for a request that is not understood. */
export function usagePage(text: string): Page {
  return textPage(`${text}\n`, 400);
}
