import { parseComponentThresholds, parseThreshold } from '../observe/log.ts';
import type { AdminSource } from './admin-source.ts';
import { type Page, textPage, usagePage } from './page.ts';

const USAGE = [
  'usage: /logging?<name>=<level> (change the level of one logger)',
  'usage: /logging?paths=name1:level1,name2:level2,... (change several)',
  'usage: /logging?level=<level> (change all)',
  'levels: trace debug info warning error critical off',
].join('\n');

/** `POST /logging`: shows the levels of all loggers, after it has changed what the query says. */
export function loggingPage(source: AdminSource, query: URLSearchParams): Page {
  const [first, ...others] = [...query];
  if (others.length > 0) return usagePage(USAGE);
  if (first !== undefined && !change(source, first[0], first[1])) return usagePage(USAGE);
  const { level, components } = source.log.thresholds();
  const names = new Set([...source.log.components(), ...Object.keys(components)]);
  const lines = [...names].sort().map((name) => `  ${name}: ${components[name] ?? level}`);
  return textPage(`active loggers:\n${lines.join('\n')}\n`);
}

function change(source: AdminSource, name: string, value: string): boolean {
  const before = source.log.thresholds();
  const isPaths = name === 'paths';
  const changes = isPaths ? parseComponentThresholds(value) : {};
  const level = isPaths ? undefined : parseThreshold(value);
  if (changes === undefined || (!isPaths && level === undefined)) return false;
  if (name === 'level') source.setLogThresholds({ level: level!, components: {} });
  else {
    const one = level === undefined ? changes : { [name]: level };
    source.setLogThresholds({ ...before, components: { ...before.components, ...one } });
  }
  return true;
}
