import { registerHttp } from '@lateen/sdk/assembly/index';
import { Rewrite } from './rewrite';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/response-body';
export * from '@lateen/sdk/assembly/exports/response-headers';

registerHttp((id) => new Rewrite(id));
