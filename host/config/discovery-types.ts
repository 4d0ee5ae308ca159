import type { Problem } from '@lateen/sdk/base/problem';
import type { VersionedResource } from './resources.ts';

/** What one discovery response says of its type. */
export interface DiscoveredUpdate {
  readonly set: ReadonlyMap<string, VersionedResource>;
  readonly removed: readonly string[];
  /** State of the world: what is in neither, and came from this server, is gone. */
  readonly whole: boolean;
}

/** What a discovery client does with what it hears. */
export interface DiscoveryHandler {
  /** Names and versions that came from this server and are held; told after a reconnect. */
  held(typeUrl: string): ReadonlyMap<string, string>;
  /** Resolves with the resources that were refused: then the response is refused with them. */
  onUpdate(typeUrl: string, update: DiscoveredUpdate): Promise<readonly Problem[]>;
}

/** What is asked for of one type. */
export type Interest =
  | { readonly kind: 'all' }
  | { readonly kind: 'named'; readonly names: ReadonlySet<string> };

/** One stream's side of the protocol, without the stream: it gets responses and sends requests. */
export interface DiscoverySession<Response> {
  /** Tells the server what is wanted now; the first time this asks for it. */
  ask(typeUrl: string, interest: Interest): void;
  onResponse(response: Response): void;
}

const NACK_CHARS_MAX = 8192;

/** google.rpc.Code INVALID_ARGUMENT. */
const INVALID_ARGUMENT = 3;

/** The error of a NACK: each bad resource with field and reason. */
export function nackDetail(problems: readonly Problem[]): { code: number; message: string } {
  const lines = problems.map(({ code, message, origin }) => {
    const place = [origin.resource, origin.path].filter(
      (part) => part !== undefined && part !== '',
    );
    return `${place.join(': ')}: ${message} (${code})`;
  });
  return { code: INVALID_ARGUMENT, message: lines.join('; ').slice(0, NACK_CHARS_MAX) };
}
