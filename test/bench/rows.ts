import type { Figures } from './measure.ts';

/** One line of the report; also what `-o json` prints. */
export interface Row {
  readonly case: string;
  readonly lateen: number;
  /** Null where there is nobody to compare with. */
  readonly peer: number | null;
  readonly peerName: string;
  readonly unit: string;
  /** lateen / peer: lower is better. */
  readonly ratio: number | null;
  /** The highest ratio (or, without a peer, value) that we want; null where there is none. */
  readonly goal: number | null;
}

export function rowsOf(
  name: string,
  lateen: Figures,
  peer: Figures | undefined,
  goal: number | null,
): Row[] {
  const row = (
    what: string,
    unit: string,
    pick: (figures: Figures) => number,
    wanted: number | null,
  ): Row => {
    const [ours, theirs] = [pick(lateen), peer === undefined ? null : pick(peer)];
    return {
      case: `${name}: ${what}`,
      lateen: round(ours),
      peer: theirs === null ? null : round(theirs),
      peerName: theirs === null ? '' : 'nginx',
      unit,
      ratio: theirs === null || theirs === 0 ? null : round(ours / theirs),
      goal: wanted,
    };
  };
  const rows = [
    row('CPU', 'us/request', (figures) => figures.cpuUs, goal),
    row('p50', 'ms', (figures) => figures.p50Ms, null),
    row('p99', 'ms', (figures) => figures.p99Ms, null),
  ];
  // Failed requests are cheap ones: figures with errors must show them.
  if (lateen.errors > 0 || (peer?.errors ?? 0) > 0) {
    rows.push(row('errors', 'requests', (figures) => figures.errors, 0));
  }
  return rows;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

/** The rows as a table for people. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.case,
    String(row.lateen),
    row.peer === null ? '' : String(row.peer),
    row.unit,
    row.ratio === null ? '' : `${row.ratio}x`,
    row.goal === null ? '' : `<= ${row.goal}${row.ratio === null ? '' : 'x'}`,
    verdict(row),
  ]);
  const table = [['case', 'lateen', 'peer', 'unit', 'ratio', 'goal', ''], ...cells];
  const widths = table[0]!.map((_, column) =>
    Math.max(...table.map((line) => line[column]!.length)),
  );
  return table
    .map((line) =>
      line
        .map((cell, column) =>
          isNumber(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function isNumber(column: number): boolean {
  return column === 1 || column === 2 || column === 4 || column === 5;
}

function verdict(row: Row): string {
  if (row.goal === null) return '';
  return (row.ratio ?? row.lateen) <= row.goal ? 'reached' : 'missed';
}
