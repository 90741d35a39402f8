/** What was measured, over several runs. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  readonly runs: number;
}

/** The median of the runs of one thing, with their spread. */
export function figure(name: string, unit: string, values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (place: number): number => sorted[place] ?? Number.NaN;
  return {
    name,
    unit,
    median: at(Math.floor(sorted.length / 2)),
    lowest: at(0),
    highest: at(sorted.length - 1),
    runs: sorted.length,
  };
}

/** The figures as a Markdown table. */
export function asTable(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ name, unit, median, lowest, highest }) =>
      `| ${name} | ${shown(median)} ${unit} | ${shown(lowest)} to ${shown(highest)} |`,
  );
  return ['| measured | median | spread |', '|---|---|---|', ...rows].join('\n');
}

function shown(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
