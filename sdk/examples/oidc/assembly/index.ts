import { registerRoot } from '@lateen/sdk/assembly/index';
import { OidcRoot } from './oidc-root';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/http-call';
export * from '@lateen/sdk/assembly/exports/request-headers';

registerRoot((id) => new OidcRoot(id));
