import { createSign, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CertificateAuthority } from './certificates.ts';

export interface TokenServerOptions {
  /** Who is given tokens; nobody else, and nobody without a password, gets one to push. */
  readonly user: string;
  readonly password: string;
  /** Whether those without a password may pull. */
  readonly anonymousPull?: boolean;
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** A token server as the distribution project describes it, with tokens that a registry checks. */
export class TokenServer {
  readonly #server: Server;
  readonly #options: TokenServerOptions;
  readonly #authority = CertificateAuthority.create();
  readonly #credential = this.#authority.issue({ commonName: 'token server' });
  /** What was asked for, without credentials. */
  readonly asked: string[] = [];

  private constructor(options: TokenServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(options: TokenServerOptions): Promise<TokenServer> {
    const server = new TokenServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** What a registry must know to take this server's tokens. */
  get settings() {
    const { port } = this.#server.address() as AddressInfo;
    const realm = `http://127.0.0.1:${port}/token`;
    const certificate = this.#authority.root;
    return { realm, service: 'test registry', issuer: 'test tokens', certificate };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://localhost');
    this.asked.push(`${url.searchParams.get('service')} ${url.searchParams.get('scope')}`);
    const { user, password, anonymousPull } = this.#options;
    const right = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const known = request.headers.authorization === right;
    if (request.headers.authorization !== undefined && !known) {
      response.writeHead(401).end('{"details":"incorrect username or password"}');
      return;
    }
    const [type = '', name = '', actions = ''] = (url.searchParams.get('scope') ?? '').split(':');
    const wanted = actions.split(',');
    const allowed = known
      ? wanted
      : wanted.filter((each) => each === 'pull' && anonymousPull === true);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ token: this.#token([{ type, name, actions: allowed }]) }));
  }

  #token(access: readonly Access[]): string {
    const { service, issuer } = this.settings;
    const now = Math.floor(Date.now() / 1000);
    const x5c = [this.#credential.certificate.replace(/-----.*-----|\s/g, '')];
    const parts = [
      { typ: 'JWT', alg: 'RS256', x5c },
      {
        iss: issuer,
        sub: this.#options.user,
        aud: service,
        exp: now + 300,
        nbf: now - 10,
        iat: now,
        jti: randomUUID(),
        access,
      },
    ];
    const text = parts.map((part) => base64url(Buffer.from(JSON.stringify(part)))).join('.');
    const signature = createSign('sha256').update(text).sign(this.#credential.privateKey);
    return `${text}.${base64url(signature)}`;
  }
}

function base64url(bytes: Buffer): string {
  return bytes.toString('base64url');
}
