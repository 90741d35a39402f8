import type { Figure } from './figure.js';

/** What speed is asked of Waybill, and whether it has it. Null: it was not measured in this run. */
export interface Target {
  readonly name: string;
  readonly required: string;
  readonly measured: number | null;
  readonly isMet: boolean | null;
}

interface Asked {
  readonly name: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly of: (median: (name: string) => number) => number;
}

const RECEIVED = 'acknowledged: protobuf, 16 senders';
const PEAKS = ['peak memory of Node while receiving', 'peak memory of Node, receiving and auditing'];

/** Ratios of figures of one run where that can be, so that a slow machine slows both sides. */
const ASKED: readonly Asked[] = [
  { name: 'decode, times protobufjs', atLeast: 6, of: (median) => median('decode against protobufjs') },
  {
    name: 'durable receive, share of ClickHouse alone',
    atLeast: 0.5,
    of: (median) => median(RECEIVED) / median('ClickHouse alone, the same rows prepared before'),
  },
  {
    name: 'durable receive, times the OpenTelemetry Collector',
    atLeast: 2,
    of: (median) => median(RECEIVED) / median('OpenTelemetry Collector, batch'),
  },
  {
    name: 'end to end, share of the durable receive',
    atLeast: 0.6,
    of: (median) => median('audited end to end, against the saturated rate'),
  },
  {
    name: 'verdict past the quiet period, slowest of 100, s',
    atMost: 3,
    of: (median) => median('from last span to verdict, past the quiet period, 99 % of traces'),
  },
  { name: 'peak memory of Node, MiB', atMost: 500, of: (median) => Math.max(...PEAKS.map(median)) },
  {
    name: 'memory under steady load, last third against second',
    atMost: 1.1,
    of: (median) => median('memory of Node, last third against second'),
  },
  {
    name: 'wait at half the rate, half of the requests, ms',
    atMost: 60,
    of: (median) => median('wait, 50 % of requests: protobuf, half the highest rate'),
  },
  {
    name: 'wait at half the rate, 99 % of the requests, ms',
    atMost: 400,
    of: (median) => median('wait, 99 % of requests: protobuf, half the highest rate'),
  },
  {
    name: 'OFREP at 2,000 evaluations/s, 99 % of them, ms',
    atMost: 5,
    of: (median) => median('wait, 99 % of evaluations, 2,000/s'),
  },
  ...['CPU', 'latency (median)'].map((what) => ({
    name: `${what} of an application, waybill/register to plain SDK`,
    atMost: 1.05,
    of: (median: (name: string) => number) => median(`${what}, waybill/register to plain SDK`),
  })),
  {
    name: 'receive with much stored against nothing',
    atLeast: 0.85,
    of: (median) => median('acknowledged, much stored against nothing'),
  },
];

/** Compares the figures of a run with what is asked. */
export function targetsOf(figures: readonly Figure[]): Target[] {
  const medians = new Map(figures.map(({ name, median }) => [name, median]));
  return [...ASKED, ...questionsAsked(figures)].map(({ name, atLeast, atMost, of }) => {
    const measured = of((figure) => medians.get(figure) ?? Number.NaN);
    const required = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    if (Number.isNaN(measured)) return { name, required, measured: null, isMet: null };
    return { name, required, measured, isMet: atLeast === undefined ? measured <= (atMost ?? 0) : measured >= atLeast };
  });
}

const SIZE = /^(\/\S+ \S+), ([\d.]+) million calls$/;

/** Each question in time at the largest size, and gate and overview growing slower than the calls. */
function questionsAsked(figures: readonly Figure[]): Asked[] {
  const sizes = [...new Set(figures.map(({ name }) => Number(SIZE.exec(name)?.[2])))]
    .filter((size) => !Number.isNaN(size))
    .toSorted((a, b) => a - b);
  const largest = sizes.at(-1);
  const before = sizes.at(-2);
  if (largest === undefined) return [];
  const asked = figures.filter(({ name }) => name.endsWith(`, ${largest} million calls`) && SIZE.test(name));
  return [
    {
      name: `slowest question over ${largest} million calls, ms`,
      atMost: 500,
      of: (median) => Math.max(...asked.map(({ name }) => median(name))),
    },
    ...(before === undefined
      ? []
      : ['/gate keep=false&since=30d', '/score since=30d', '/series since=30d', '/gaps since=30d'].map((question) => ({
          name: `${question}: growth from ${before} to ${largest} million calls, times`,
          atMost: largest / before,
          of: (median: (name: string) => number) =>
            median(`${question}, ${largest} million calls`) / median(`${question}, ${before} million calls`),
        }))),
  ];
}

/** The targets as a Markdown table. */
export function asTargetTable(targets: readonly Target[]): string {
  const rows = targets.map(
    ({ name, required, measured, isMet }) =>
      `| ${name} | ${required} | ${measured === null ? 'not measured' : measured.toPrecision(3)} | ${isMet === null ? '' : isMet ? 'met' : '**not met**'} |`,
  );
  return ['| asked | required | measured | |', '|---|---|---|---|', ...rows].join('\n');
}
