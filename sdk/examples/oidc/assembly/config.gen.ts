/**
 * Generated from config.schema.json by `lateen filter build`: change that file, not this one.
 */
import {
  acceptConfiguration,
  readConfigurationJson,
} from '@lateen/sdk/assembly/json/configuration';
import { JsonReader } from '@lateen/sdk/assembly/json/json-reader';

/** Where users log in, and how their tokens are checked. */
export class Config {
  /** Where the browser is sent to log in. */
  authorizeUrl: string = '';
  /** The cluster of the token endpoint. */
  tokenCluster: string = '';
  /** Its `:authority`. */
  tokenAuthority: string = 'login';
  /** Its path. */
  tokenPath: string = '/token';
  /** Who we are; also the audience of tokens. */
  clientId: string = '';
  /** With it codes are exchanged, and tokens are signed (HS256). */
  clientSecret: string = '';
  /** Where the browser comes back to; its path is ours. */
  callbackUrl: string = '';
  /** `iss` of tokens, where it is to be checked. */
  issuer: string = '';
  /** The cookie that holds the token. */
  cookie: string = 'session';

  /** The configuration at hand; null, and the host knows why, where it breaks the schema. */
  static load(): Config | null {
    const reader = readConfigurationJson();
    if (reader === null) return null;
    const config = new Config();
    config.read(reader);
    return acceptConfiguration(reader) ? config : null;
  }

  read(reader: JsonReader): void {
    if (!reader.has('authorizeUrl')) reader.complain('authorizeUrl', 'is required');
    if (!reader.has('tokenCluster')) reader.complain('tokenCluster', 'is required');
    if (!reader.has('clientId')) reader.complain('clientId', 'is required');
    if (!reader.has('clientSecret')) reader.complain('clientSecret', 'is required');
    if (!reader.has('callbackUrl')) reader.complain('callbackUrl', 'is required');
    this.authorizeUrl = reader.text('authorizeUrl', '');
    if (reader.has('authorizeUrl') && this.authorizeUrl.length < 1) reader.complain('authorizeUrl', 'is shorter than 1');
    this.tokenCluster = reader.text('tokenCluster', '');
    if (reader.has('tokenCluster') && this.tokenCluster.length < 1) reader.complain('tokenCluster', 'is shorter than 1');
    this.tokenAuthority = reader.text('tokenAuthority', 'login');
    this.tokenPath = reader.text('tokenPath', '/token');
    this.clientId = reader.text('clientId', '');
    if (reader.has('clientId') && this.clientId.length < 1) reader.complain('clientId', 'is shorter than 1');
    this.clientSecret = reader.text('clientSecret', '');
    if (reader.has('clientSecret') && this.clientSecret.length < 16) reader.complain('clientSecret', 'is shorter than 16');
    this.callbackUrl = reader.text('callbackUrl', '');
    if (reader.has('callbackUrl') && this.callbackUrl.length < 1) reader.complain('callbackUrl', 'is shorter than 1');
    this.issuer = reader.text('issuer', '');
    this.cookie = reader.text('cookie', 'session');
    if (reader.has('cookie') && this.cookie.length < 1) reader.complain('cookie', 'is shorter than 1');
    reader.refuseUnread();
  }
}
