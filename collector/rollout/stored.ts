import * as z from 'zod';
import { parseIsoUs } from '../../auditor/iso-micros.js';
import { gateAnswerSchema } from '../../schemas/gate.js';
import type { Rollout, RolloutMode, RolloutTurn } from '../../schemas/rollout.js';
import { rolloutModeSchema, rolloutSchema, rolloutTurnSchema } from '../../schemas/rollout.js';
import type { Store } from '../store/client.js';
import { readInTurns } from '../store/read-in-turns.js';
import type { RowReader } from '../store/row-reader.js';
import { createRowWriter } from '../store/row-writer.js';
import type { ScopeState } from './modes.js';

const MICROS = '%Y-%m-%dT%H:%i:%S.%fZ';

/** The mode of a row that says: what was asked for here is withdrawn. */
const WITHDRAWN = 'withdrawn';

const markSchema = z.tuple([z.object({ mark: z.string() })]);

/** A text that is another one whenever `readRollouts` or `readStates` would read something else. */
export async function readMark(store: Store): Promise<string> {
  const rows = await store.rows(`
    SELECT concat(
        (SELECT toString(groupBitXor(cityHash64(*))) FROM rollouts FINAL), ' ',
        (SELECT toString(groupBitXor(cityHash64(*))) FROM rollout_states FINAL)) AS mark`);
  return markSchema.parse(rows)[0].mark;
}

/** What is asked for now, the most specific first. */
export async function readRollouts(store: Store): Promise<Rollout[]> {
  return z.array(rolloutSchema).parse(
    await store.rows(
      `
    SELECT tenant, policy, mode, who, why, formatDateTime(newest.at, '${MICROS}', 'UTC') AS at
    FROM
    (
        SELECT *
        FROM rollouts FINAL
        ORDER BY tenant, policy, at DESC
        LIMIT 1 BY tenant, policy
    ) AS newest
    WHERE mode != {withdrawn: String}
    ORDER BY tenant = '*', policy = '*', tenant, policy`,
      { withdrawn: WITHDRAWN },
    ),
  );
}

const newestSchema = z.tuple([z.object({ newestUs: z.coerce.number() })]);

/** When something was last asked for, or withdrawn, in exactly this scope, microseconds since 1970; 0: never. */
export async function lastAskedUs(store: Store, scope: Pick<Rollout, 'tenant' | 'policy'>): Promise<number> {
  const rows = await store.rows(
    `
    SELECT toUnixTimestamp64Micro(max(at)) AS newestUs
    FROM rollouts
    WHERE tenant = {tenant: String}
      AND policy = {policy: String}`,
    { tenant: scope.tenant, policy: scope.policy },
  );
  return newestSchema.parse(rows)[0].newestUs;
}

/** Keeps that somebody withdrew what was asked for in a scope: who, why and when are of the withdrawal. */
export async function writeWithdrawal(store: Store, withdrawal: Omit<Rollout, 'mode'>): Promise<void> {
  await writeAsk(store, { ...withdrawal, mode: WITHDRAWN });
}

/** Keeps what somebody asked for. */
export async function writeRollout(store: Store, rollout: Rollout): Promise<void> {
  await writeAsk(store, rollout);
}

async function writeAsk(
  store: Store,
  { tenant, policy, mode, who, why, at }: Omit<Rollout, 'mode'> & { readonly mode: RolloutMode | typeof WITHDRAWN },
): Promise<void> {
  await store.command(
    `
    INSERT INTO rollouts (tenant, policy, mode, who, why, at)
    SELECT
        {tenant: String}, {policy: String}, {mode: String}, {who: String}, {why: String},
        fromUnixTimestamp64Micro({atUs: Int64}, 'UTC')`,
    { tenant, policy, mode, who, why, atUs: parseIsoUs(at) },
  );
}

const modeOf = (row: RowReader): RolloutMode => rolloutModeSchema.parse(row.string());

/** The present stretch of every scope. */
export async function readStates(store: Store): Promise<ScopeState[]> {
  const rows = await store.selectRowBinary(`
    SELECT tenant, policy, mode, asked, why, since, is_open, gate, blocker, turned_at, answered_at
    FROM rollout_states FINAL
    ORDER BY tenant, policy, since DESC
    LIMIT 1 BY tenant, policy`);
  // Read in the order of the columns. A thousand of them at once would hold up whoever asks for a mode.
  return readInTurns(rows, (row) => ({
    tenant: row.string(),
    policy: row.string() || null,
    mode: modeOf(row),
    asked: modeOf(row),
    why: row.string(),
    sinceUs: row.dateTime64(),
    lock: {
      isOpen: row.bool(),
      gate: gateAnswerSchema.shape.answer.parse(row.string()),
      blocker: row.string(),
      turnedUs: row.dateTime64(),
      answeredUs: row.dateTime64(),
    },
  }));
}

const STATE_COLUMNS = 'tenant policy since mode asked why is_open gate blocker turned_at answered_at'.split(' ');

/** Keeps states, all in one insert: a new row where `sinceUs` is new, else in place of the one before. */
export async function writeStates(store: Store, states: readonly ScopeState[]): Promise<void> {
  if (states.length === 0) return;
  const row = createRowWriter();
  for (const { tenant, policy, sinceUs, mode, asked, why, lock } of states) {
    row.string(tenant);
    row.string(policy ?? '');
    row.dateTime64(sinceUs);
    row.string(mode);
    row.string(asked);
    row.string(why);
    row.bool(lock.isOpen);
    row.string(lock.gate);
    row.string(lock.blocker);
    row.dateTime64(lock.turnedUs);
    row.dateTime64(lock.answeredUs);
  }
  await store.insertRowBinary('rollout_states', STATE_COLUMNS, row.bytes());
}

/** What was asked for and what came of it, newest first. */
export async function rolloutHistory(
  store: Store,
  { tenant = '', policy = '' }: { readonly tenant?: string | undefined; readonly policy?: string | undefined },
  limit: number,
): Promise<RolloutTurn[]> {
  const rows = await store.rows(
    `
    SELECT formatDateTime(turns.at, '${MICROS}', 'UTC') AS at, kind, tenant, if(policy = '', NULL, policy) AS policy, mode, who, why
    FROM
    (
        SELECT
            at, if(rollouts.mode = {withdrawn: String}, 'withdrawn', 'asked') AS kind, tenant, policy,
            if(rollouts.mode = {withdrawn: String}, NULL, toString(rollouts.mode)) AS mode, who, why
        FROM rollouts FINAL
        UNION ALL
        SELECT since AS at, 'effective' AS kind, tenant, policy, toNullable(toString(rollout_states.mode)) AS mode, 'waybill' AS who, why
        FROM rollout_states FINAL
    ) AS turns
    WHERE ({tenant: String} = '' OR turns.tenant = {tenant: String})
      AND ({policy: String} = '' OR turns.policy = {policy: String})
    ORDER BY turns.at DESC, kind, tenant, turns.policy
    LIMIT {limit: UInt32}`,
    { tenant, policy, limit, withdrawn: WITHDRAWN },
  );
  return z.array(rolloutTurnSchema).parse(rows);
}
