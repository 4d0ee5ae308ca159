import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { HttpTask } from '@lateen/sdk/assembly/context/http-task';
import { redirect, replyJsonError } from '@lateen/sdk/assembly/host/reply';
import { JsonParser } from '@lateen/sdk/assembly/json/json-parser';
import { Query } from '@lateen/sdk/assembly/web/query';
import { SetCookie } from '@lateen/sdk/assembly/web/set-cookie';
import { Config } from './config.gen';
import { userOf } from './token';

/** Exchanges a code for a token, and sends the browser on with it. */
export class Exchange extends HttpTask {
  private readonly config: Config;
  private readonly target: string;

  constructor(context: i32, config: Config, code: string, target: string) {
    super(context, config.tokenCluster, headersOf(config), formOf(config, code));
    this.config = config;
    this.target = target;
  }

  onDone(succeeded: bool): void {
    const token = succeeded ? tokenOf(this.body) : '';
    if (userOf(token, this.config).length === 0) {
      replyJsonError(502, 'no_token', 'the log-in gave no valid token');
      return;
    }
    const session = new SetCookie(this.config.cookie, token).build();
    const state = SetCookie.removing(this.config.cookie + '-state').build();
    if (session !== null && state !== null) redirect(this.target, [session, state]);
  }
}

function headersOf(config: Config): Array<string> {
  return [
    ':method',
    'POST',
    ':path',
    config.tokenPath,
    ':authority',
    config.tokenAuthority,
    'content-type',
    'application/x-www-form-urlencoded',
  ];
}

function formOf(config: Config, code: string): string {
  return new Query()
    .append('grant_type', 'authorization_code')
    .append('code', code)
    .append('redirect_uri', config.callbackUrl)
    .append('client_id', config.clientId)
    .append('client_secret', config.clientSecret)
    .toString();
}

function tokenOf(body: string): string {
  const json = new JsonParser().parse(Bytes.of(body));
  if (json === null) return '';
  const token = json.member('id_token');
  return token === null ? '' : token.text;
}
