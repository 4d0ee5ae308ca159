import { registerRoot } from '@lateen/sdk/assembly/index';
import { CanaryRoot } from './canary-root';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/request-headers';

registerRoot((id) => new CanaryRoot(id));
