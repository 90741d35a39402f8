import * as z from 'zod';
import type { Gap, Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { DailyQuestion } from './by-day.js';
import { askByDay, FILED } from './by-day.js';
import type { Window } from './scope.js';
import { DAY_BY_DAY, DAY_US, isoMicros } from './scope.js';
import { ofWay } from './ways.js';

/** How far back from the end of a window it is looked for when a gap began. */
export const LOOK_BACK_US = 90 * DAY_US;

/** A gap that shows in so much of a window, at its start, was there before. */
const FIRST_PART = 1 / 7;

const rowSchema = z.object({
  rule: z.string(),
  severity: z.string(),
  attribute: z.string(),
  hop_from: z.string(),
  hop_to: z.string(),
  firstUs: z.coerce.number(),
});

/** When each finding was first there on a day; without a rule, when the first call was. */
export const beginningsOfDay: DailyQuestion<z.infer<typeof rowSchema>> = {
  name: 'beginnings',
  sql: (where) => `
    SELECT
        filed,
        finding.1 AS rule, finding.2 AS severity, finding.3 AS attribute, finding.4 AS hop_from, finding.5 AS hop_to,
        toUnixTimestamp64Micro(min(oldest)) AS firstUs
    FROM
    (
        SELECT ${FILED} AS filed, any(calls.way) AS way, min(start_time) AS oldest
        FROM calls FINAL
        WHERE ${where}
        GROUP BY filed, sipHash64(calls.way)
    )
    ARRAY JOIN arrayPushBack(
        arrayZip(${ofWay.findingRules}, ${ofWay.findingSeverities}, ${ofWay.findingAttributes}, ${ofWay.findingHopFrom}, ${ofWay.findingHopTo}),
        ('', '', '', '', '')
    ) AS finding
    GROUP BY filed, finding
    ${DAY_BY_DAY}`,
  row: rowSchema,
};

/**
 * Says of gaps that were there when their window began since when they are there. Where a gap is as old as what is
 * stored of its scope, or as what is looked through, it is only known that it began before.
 */
export async function withBeginnings(
  store: Store,
  scope: Scope,
  window: Window,
  gaps: readonly Gap[],
): Promise<readonly Gap[]> {
  const openUntilUs = window.fromUs + (window.toUs - window.fromUs) * FIRST_PART;
  const isOpen = ({ calls, since }: Gap): boolean => calls > 0 && Date.parse(since) * 1_000 < openUntilUs;
  if (!gaps.some(isOpen)) return gaps;
  const firstUs = await firstSeen(store, scope, {
    fromUs: Math.max(0, Math.min(window.fromUs, window.toUs - LOOK_BACK_US)),
    toUs: window.fromUs,
  });
  const firstCallUs = firstUs.get(keyOf('', '', '', '', ''));
  return gaps.map((gap) => {
    if (!isOpen(gap)) return gap;
    const { rule, severity, attribute, hop } = gap;
    const beganUs = firstUs.get(keyOf(rule, severity, attribute ?? '', hop?.from ?? '', hop?.to ?? ''));
    // Nothing of the scope is stored from before the window.
    if (firstCallUs === undefined) return { ...gap, isOlder: true };
    return beganUs === undefined ? gap : { ...gap, since: isoMicros(beganUs), isOlder: beganUs < firstCallUs + DAY_US };
  });
}

async function firstSeen(store: Store, scope: Scope, earlier: Window): Promise<ReadonlyMap<string, number>> {
  const all = new Map<string, number>();
  if (earlier.fromUs >= earlier.toUs) return all;
  for (const { row } of await askByDay(store, beginningsOfDay, scope, earlier)) {
    const key = keyOf(row.rule, row.severity, row.attribute, row.hop_from, row.hop_to);
    all.set(key, Math.min(all.get(key) ?? Infinity, row.firstUs));
  }
  return all;
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
