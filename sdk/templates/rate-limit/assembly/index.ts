import { registerRoot } from '@lateen/sdk/assembly/index';
import { RateLimitRoot } from './rate-limit-root';

export * from '@lateen/sdk/assembly/exports/core';
export * from '@lateen/sdk/assembly/exports/request-headers';

registerRoot((id) => new RateLimitRoot(id));
