import { expect, test } from 'vitest';
import { inside, problemWithin } from './field-place.ts';

const LISTENER = { resource: 'Listener main', path: 'filterChains[0].filters[0].typedConfig' };

test("a module's problem is said of the field where its configuration stands", () => {
  const problem = {
    level: 'error',
    code: 'LAT0360',
    message: 'refuses',
    origin: { resource: 'envoy.filters.http.fault', path: 'typed_config.abort.http_status' },
  } as const;
  const placed = problemWithin(problem, inside(LISTENER, 'httpFilters[2].typedConfig'));
  expect(placed.origin).toEqual({
    resource: 'Listener main',
    path: 'filter_chains[0].filters[0].typed_config.http_filters[2].typed_config.abort.http_status',
  });
});

test('names that the operator gave stay as they are, and a problem without a field has its place', () => {
  const place = inside(LISTENER, 'routeConfig.virtual_hosts[1].typed_per_filter_config[myFilter]');
  const problem = { level: 'error', code: 'LAT0312', message: 'no module', origin: {} } as const;
  expect(problemWithin(problem, place).origin.path).toBe(
    'filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[1].typed_per_filter_config[myFilter]',
  );
});
