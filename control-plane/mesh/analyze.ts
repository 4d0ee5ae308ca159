import type { Problem } from '@lateen/sdk/base/problem';
import { analyzeDestinationRules } from './analyze-destination-rules.ts';
import { analyzeGateways } from './analyze-gateways.ts';
import { analyzeServices } from './analyze-services.ts';
import { analyzeSidecars } from './analyze-sidecars.ts';
import { analyzeVirtualServices } from './analyze-virtual-services.ts';
import type { Mesh } from './mesh.ts';

/** What does not fit together, in Istio's codes where Istio has one for it. */
export function analyze(mesh: Mesh): readonly Problem[] {
  return [
    ...analyzeVirtualServices(mesh),
    ...analyzeDestinationRules(mesh),
    ...analyzeGateways(mesh),
    ...analyzeSidecars(mesh),
    ...analyzeServices(mesh),
  ];
}
