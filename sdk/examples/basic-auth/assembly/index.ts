import { registerRoot } from '@lateen/sdk/assembly/index';
import { BasicAuthRoot } from './basic-auth-root';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/request-headers';

registerRoot((id) => new BasicAuthRoot(id));
