import { Bytes } from '@lateen/sdk/assembly/bytes/bytes';
import { Jwt } from '@lateen/sdk/assembly/crypto/jwt';
import { nowSeconds } from '@lateen/sdk/assembly/time/clock';
import { Config } from './config.gen';

/** The subject of a token that holds; empty where it does not. */
export function userOf(text: string | null, config: Config): string {
  const token = Jwt.parse(text);
  if (token === null || !token.verifiesHs256(Bytes.of(config.clientSecret))) return '';
  const problem = token.problem(nowSeconds(), config.issuer, config.clientId);
  return problem.length === 0 ? token.text('sub') : '';
}
