import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isJsonObject, type JsonObject } from '@lateen/sdk/base/json';
import type { Problem } from '@lateen/sdk/base/problem';
import { fail, ok, type Result } from '@lateen/sdk/base/result';
import type { Environment } from './environment.ts';
import { findRunFile, isAlive } from './run-file.ts';

const TIMEOUT_MS = 60_000;

/** Where the user said the control plane is; both absent: look for its run file. */
export interface ConnectionOptions {
  readonly address?: string | undefined;
  readonly tokenFile?: string | undefined;
}

export interface Reply {
  readonly status: number;
  readonly json: JsonObject;
}

/** The admin API of one control plane. */
export interface Client {
  readonly address: string;
  get(path: string): Promise<Result<Reply>>;
  send(method: 'POST' | 'DELETE', path: string, body?: string): Promise<Result<Reply>>;
}

export async function connect(
  environment: Environment,
  options: ConnectionOptions,
): Promise<Result<Client>> {
  const found = await locate(environment, options);
  if (!found.ok) return found;
  const { address, tokenFile } = found.value;
  const token = await readFile(resolve(environment.cwd, tokenFile), 'utf8').catch(() => undefined);
  if (token === undefined) return fail(trouble(`cannot read the token in ${tokenFile}`));
  const call = (method: string, path: string, body?: string): Promise<Result<Reply>> =>
    request({ method, url: new URL(path, address), body, token: token.trim() });
  return ok({ address, get: (path) => call('GET', path), send: call });
}

async function locate(
  environment: Environment,
  options: ConnectionOptions,
): Promise<Result<{ address: string; tokenFile: string }>> {
  const address = options.address ?? environment.address;
  const tokenFile = options.tokenFile ?? environment.tokenFile;
  if (address !== undefined) {
    if (tokenFile === undefined) {
      return fail(trouble('an address needs a token', 'add --token-file FILE'));
    }
    const url = address.includes('://') ? address : `http://${address}`;
    if (!URL.canParse(url)) return fail(trouble(`${address} is no address`));
    return ok({ address: url, tokenFile });
  }
  const run = await findRunFile(environment);
  if (run === undefined) {
    return fail(
      trouble('no control plane runs here', 'start one: lateen demo, or lateen up -f DIR'),
    );
  }
  if (!isAlive(run.pid)) {
    return fail(trouble(`the control plane (pid ${run.pid}) has ended`, 'start it again'));
  }
  return ok({ address: run.admin, tokenFile: tokenFile ?? run.tokenFile });
}

async function request(call: {
  readonly method: string;
  readonly url: URL;
  readonly body: string | undefined;
  readonly token: string;
}): Promise<Result<Reply>> {
  try {
    const response = await fetch(call.url, {
      method: call.method,
      headers: { authorization: `Bearer ${call.token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    const json: unknown = await response.json();
    if (response.status === 401) return fail(trouble('the control plane refuses the token'));
    return ok({ status: response.status, json: isJsonObject(json) ? json : {} });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    return fail(trouble(`the control plane at ${call.url.origin} does not answer: ${why}`));
  }
}

function trouble(message: string, fix?: string): Problem {
  const origin = { resource: 'lateen' };
  return {
    level: 'error',
    code: 'LAT0002',
    message,
    origin,
    ...(fix === undefined ? {} : { fix }),
  };
}
