import { redirect, replyJsonError } from '@lateen/sdk/assembly/host/reply';
import { CONTINUE, HttpContext, PAUSE, requestHeaders } from '@lateen/sdk/assembly/index';
import { cookieOf } from '@lateen/sdk/assembly/web/cookies';
import { SetCookie } from '@lateen/sdk/assembly/web/set-cookie';
import { Url } from '@lateen/sdk/assembly/web/url';
import { Config } from './config.gen';
import { Exchange } from './exchange';
import { stateFor, targetOf } from './state';
import { userOf } from './token';

/** Lets users with a valid token pass; sends the others to log in, and takes them back. */
export class Oidc extends HttpContext {
  private readonly config: Config;

  constructor(id: i32, config: Config) {
    super(id);
    this.config = config;
  }

  onRequestHeaders(count: i32, end: bool): i32 {
    requestHeaders.remove('x-user');
    const path = requestHeaders.get(':path');
    const url = Url.parse(path === null ? '/' : path);
    if (url.path === Url.parse(this.config.callbackUrl).path) return this.comeBack(url);
    const user = userOf(cookieOf(requestHeaders.get('cookie'), this.config.cookie), this.config);
    if (user.length === 0) return this.sendAway(url);
    requestHeaders.set('x-user', user);
    return CONTINUE;
  }

  /** To the log-in; `state` says where to go on afterwards, and that it was us who asked. */
  private sendAway(url: Url): i32 {
    const state = stateFor(url.target, this.config.clientSecret);
    const login = Url.parse(this.config.authorizeUrl);
    const parameters = login.parameters
      .set('response_type', 'code')
      .set('scope', 'openid')
      .set('client_id', this.config.clientId)
      .set('redirect_uri', this.config.callbackUrl)
      .set('state', state);
    const cookie = new SetCookie(this.config.cookie + '-state', state).build();
    redirect(login.setParameters(parameters).toString(), cookie === null ? [] : [cookie]);
    return PAUSE;
  }

  /** From the log-in, with a code that the token endpoint exchanges for a token. */
  private comeBack(url: Url): i32 {
    const code = url.parameters.get('code');
    const state = url.parameters.get('state');
    const known = cookieOf(requestHeaders.get('cookie'), this.config.cookie + '-state');
    const target = state === known ? targetOf(state, this.config.clientSecret) : '';
    if (code === null || target.length === 0) {
      replyJsonError(400, 'bad_callback', 'this log-in was not begun here');
      return PAUSE;
    }
    new Exchange(this.id, this.config, code, target).start();
    return PAUSE;
  }
}
