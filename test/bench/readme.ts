import type { Figure } from './figure.js';
import { asTable } from './figure.js';
import type { Target } from './targets.js';
import { asTargetTable } from './targets.js';

/** What a run came to, as `reports/bench.json` holds it. */
export interface BenchResult {
  readonly startedAt: string;
  readonly node: string;
  readonly cores: number;
  readonly cpu: string;
  readonly loadBefore: number;
  readonly targets: readonly Target[];
  readonly figures: readonly Figure[];
}

const BEGIN = '<!-- speed -->';
const END = '<!-- /speed -->';

/** What the README shows besides the targets, as far as it is asked again and again: the rest is in `reports/bench.json`. */
const SHOWN =
  /^(?!.* first time$)(decode|protobufjs|audit,|spans to rows|acknowledged|node:http|ClickHouse alone|OpenTelemetry|from last|CPU .*16 senders|peak|\/\S+ \S*since=30d|answers)/;

/** The README with the tables of a run between its markers. @throws Error where it has no markers */
export function intoReadme(readme: string, result: BenchResult): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`README.md has no ${BEGIN} … ${END} to put the figures between.`);
  const { startedAt, node, cores, cpu, loadBefore, targets, figures } = result;
  const machine = `Measured ${startedAt.slice(0, 10)} on ${cores} cores (${cpu}), Node ${node}, load ${loadBefore.toFixed(1)} before the run.`;
  const shown = figures.filter(({ name }) => SHOWN.test(name));
  const text = `${machine}\n\n${asTargetTable(targets)}\n\n${asTable(shown)}`;
  return `${readme.slice(0, begin)}${BEGIN}\n${text}\n${readme.slice(end)}`;
}
