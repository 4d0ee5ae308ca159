import { registerRoot } from '@lateen/sdk/assembly/index';
import { BodyRoot } from './body-root';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/request-body';

registerRoot((id) => new BodyRoot(id));
