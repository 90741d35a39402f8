import * as z from 'zod';
import { parseUsd } from '../../auditor/cost/usd.js';
import { periodAt } from '../../auditor/policy/budget-period.js';
import type { WatchedBudget } from '../../auditor/policy/budget-state.js';
import { usdSchema } from '../../schemas/audit.js';
import type { Store } from '../store/client.js';
import { readInTurns } from '../store/read-in-turns.js';
import { callsIn, DAY_BY_DAY } from '../store/questions/scope.js';
import type { Known, Reservation, SettlingCall } from './ledger.js';

const micros = z.coerce.number();

const spentRowsSchema = z.array(
  z.object({
    policy: z.string(),
    spent: usdSchema,
    settling: z.array(z.tuple([z.string(), z.string(), z.string(), z.string(), micros, z.coerce.boolean()])),
  }),
);

/** A call may have begun so long before it was audited and still be in another period than its reservation. */
const LONGEST_CALL_US = 3_600_000_000;

export interface KnownOptions {
  readonly budgets: readonly WatchedBudget[];
  readonly nowUs: number;
  /** Reservations and calls that are newer than this are asked for. */
  readonly sinceUs: number;
  /** Whether this is the first time: then what has expired without a price is asked for too. */
  readonly isFirst: boolean;
  /** Whether a reservation is known already, so that it need not be read again. */
  readonly isHeld: (id: string) => boolean;
}

/**
 * Asks ClickHouse what is spent, and which calls may settle a reservation: in one query, since a call that were seen as
 * spent and not yet as settled would count twice. Reservations are asked for before: whatever settles one is seen later.
 *
 * @throws StoreUnavailable
 */
export async function readKnown(store: Store, options: KnownOptions): Promise<Known> {
  const reservations = await readReservations(store, options);
  const { budgets, nowUs, sinceUs, isFirst } = options;
  const periods = budgets.map(({ per }) => periodAt(nowUs, per));
  const { sql, params } = windowOf(options);
  const rows = await store.rows(
    `
    WITH
        indexOf({policies: Array(String)}, resolved_policy) AS i,
        toUnixTimestamp64Micro(start_time) AS at
    SELECT
        resolved_policy AS policy,
        toDecimalString(sumIf(ifNull(cost_usd, 0), i > 0 AND at >= {periodFromUs: Array(Int64)}[i]), 12) AS spent,
        groupArrayIf(
            (reservation_id, trace_id, span_id, tenant, at, cost_usd IS NULL),
            audited_at >= fromUnixTimestamp64Micro({sinceUs: Int64}, 'UTC')
                OR ({isFirst: Bool} AND reservation_id != '' AND cost_usd IS NULL)
        ) AS settling
    FROM calls FINAL
    WHERE ${sql}
      AND (i > 0 OR reservation_id != '')
    GROUP BY policy
    ${DAY_BY_DAY}`,
    {
      ...params,
      sinceUs,
      isFirst,
      policies: budgets.map(({ policy }) => policy),
      periodFromUs: periods.map(({ fromUs }) => fromUs),
    },
  );
  const found = spentRowsSchema.parse(rows);
  return {
    asOfUs: nowUs,
    reservations,
    spentPico: new Map(found.map(({ policy, spent }) => [policy, parseUsd(spent) ?? 0n])),
    calls: found.flatMap(({ policy, settling }) => settling.map((one) => callOf(policy, one))),
  };
}

function callOf(policy: string, row: z.infer<typeof spentRowsSchema>[number]['settling'][number]): SettlingCall {
  const [reservationId, traceId, spanId, tenant, startUs, isUnpriced] = row;
  return { reservationId, traceId, spanId, tenant, policy, startUs, isUnpriced };
}

/** The calls of the periods that run now, and of the time in which what settles may have begun. */
function windowOf({ budgets, nowUs, sinceUs }: KnownOptions): ReturnType<typeof callsIn> {
  const periods = budgets.map(({ per }) => periodAt(nowUs, per));
  return callsIn(
    {},
    {
      fromUs: Math.min(sinceUs - LONGEST_CALL_US, ...periods.map(({ fromUs }) => fromUs)),
      toUs: Math.max(...periods.map(({ toUs }) => toUs)),
    },
  );
}

/** Letters of an id. */
const ID_LENGTH = 32;

async function readReservations(store: Store, options: KnownOptions): Promise<Reservation[]> {
  const { nowUs, sinceUs, isFirst, isHeld, budgets } = options;
  const { sql, params } = windowOf(options);
  const rows = await store.selectRowBinary(
    `
    SELECT id, policy, tenant, trace_id, toDecimalString(estimated_usd, 12), decided_at, expires_at
    FROM decisions FINAL
    WHERE is_reserved
      AND has({policies: Array(String)}, policy)
      AND ((decided_at >= fromUnixTimestamp64Micro({sinceUs: Int64}, 'UTC')
            AND expires_at > fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC'))
        OR ({isFirst: Bool} AND id IN (
            SELECT reservation_id
            FROM calls FINAL
            WHERE ${sql}
              AND reservation_id != ''
              AND cost_usd IS NULL)))`,
    { ...params, sinceUs, nowUs, isFirst, policies: budgets.map(({ policy }) => policy) },
  );
  // At thousands a second these are tens of thousands, nearly all of them our own of just before.
  return readInTurns(rows, (row) => {
    const id = row.fixedAscii(ID_LENGTH);
    const [policy, tenant, traceId, estimatedUsd] = [row.string(), row.string(), row.string(), row.string()];
    const [decidedUs, expiresUs] = [row.dateTime64(), row.dateTime64()];
    if (isHeld(id)) return null;
    return { id, policy, tenant, traceId, pico: parseUsd(estimatedUsd) ?? 0n, decidedUs, expiresUs };
  });
}
