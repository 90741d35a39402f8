import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Alert, RaisedAlert } from '../../schemas/alert.js';
import { alertKindSchema, alertSchema, deliverySchema } from '../../schemas/alert.js';
import { deliveryState } from '../../auditor/alerts/delivery-state.js';
import { parseIsoUs } from '../../auditor/iso-micros.js';
import type { Store } from './client.js';
import type { Window } from './questions/scope.js';
import { boundsOf } from './questions/scope.js';

/**
 * Keeps alerts that are not kept yet, with the channels that are to be told.
 *
 * The id is the token of deduplication of the insert. ClickHouse lets the first insert of a token in and drops the
 * others, so that of several processes that see the same thing one raises it.
 *
 * @returns those that were new when asked; another process may have been quicker all the same
 */
export async function raiseAlerts(
  store: Store,
  alerts: readonly Alert[],
  channelsFor: (alert: Alert) => readonly string[],
): Promise<Alert[]> {
  if (alerts.length === 0) return [];
  const ids = alerts.map(({ id }) => id);
  const known = idsSchema.parse(
    await store.rows('SELECT DISTINCT id FROM alerts WHERE has({ids: Array(String)}, id)', { ids }),
  );
  const isKnown = new Set(known.map(({ id }) => id));
  const raised = alerts.filter(({ id }) => !isKnown.has(id));
  for (const alert of raised) await insertAlert(store, alert, channelsFor(alert));
  return raised;
}

const idsSchema = z.array(z.object({ id: z.string() }));

async function insertAlert(store: Store, alert: Alert, channels: readonly string[]): Promise<void> {
  const { id, kind, scope, observed, expected, message } = alert;
  const { tenant = '', feature = '', policy = '', service = '' } = scope;
  const settings = onceOnly('alert', id);
  await store.command(
    `
    INSERT INTO alerts
        (id, kind, tenant, feature, policy, service, raised_at, period_from, period_to, observed, expected, message, channels)
    SETTINGS ${settings}
    VALUES
    (
        {id: String}, {kind: String}, {tenant: String}, {feature: String}, {policy: String}, {service: String},
        fromUnixTimestamp64Micro({raisedUs: Int64}, 'UTC'), fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC'),
        fromUnixTimestamp64Micro({toUs: Int64}, 'UTC'), {observed: String}, {expected: String}, {message: String},
        {channels: Array(String)}
    )`,
    {
      id,
      kind,
      tenant,
      feature,
      policy,
      service,
      observed,
      expected,
      message,
      channels,
      raisedUs: parseIsoUs(alert.raisedAt),
      fromUs: parseIsoUs(alert.from),
      toUs: parseIsoUs(alert.to),
    },
  );
}

/** Settings that let an insert in once; a setting takes no parameter, and a hash needs none. */
function onceOnly(...parts: readonly string[]): string {
  const token = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `insert_deduplicate = 1, insert_deduplication_token = '${token}'`;
}

/** An attempt that is to be made, or was. */
export interface Attempt {
  readonly alertId: string;
  readonly channel: string;
  /** From 1. */
  readonly attempt: number;
}

/**
 * Takes an attempt for a process.
 *
 * @param by names the process
 * @returns whether it is this process that is to make it
 */
export async function claimAttempt(store: Store, attempt: Attempt, by: string, nowUs: number): Promise<boolean> {
  await writeAttempt(
    store,
    attempt,
    { by, state: 'sending', error: '' },
    nowUs,
    onceOnly('attempt', ...keyOf(attempt)),
  );
  const rows = await store.rows(
    `
    SELECT DISTINCT claimed_by AS by
    FROM alert_attempts
    WHERE alert_id = {alertId: String}
      AND channel = {channel: String}
      AND attempt = {attempt: UInt16}`,
    { ...attempt },
  );
  return z
    .array(z.object({ by: z.string() }))
    .parse(rows)
    .some((row) => row.by === by);
}

/** Keeps what came of an attempt. @param error empty: the channel took it */
export async function finishAttempt(
  store: Store,
  attempt: Attempt,
  by: string,
  error: string,
  nowUs: number,
): Promise<void> {
  const state = error === '' ? 'delivered' : 'failed';
  await writeAttempt(store, attempt, { by, state, error }, nowUs, onceOnly('outcome', ...keyOf(attempt)));
}

function keyOf({ alertId, channel, attempt }: Attempt): string[] {
  return [alertId, channel, String(attempt)];
}

async function writeAttempt(
  store: Store,
  attempt: Attempt,
  { by, state, error }: { readonly by: string; readonly state: string; readonly error: string },
  nowUs: number,
  settings: string,
): Promise<void> {
  await store.command(
    `
    INSERT INTO alert_attempts (alert_id, channel, attempt, claimed_by, state, error, updated_at)
    SETTINGS ${settings}
    VALUES
    (
        {alertId: String}, {channel: String}, {attempt: UInt16}, {by: String}, {state: String}, {error: String},
        fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC')
    )`,
    { ...attempt, by, state, error, nowUs },
  );
}

const MICROS = '%Y-%m-%dT%H:%i:%S.%fZ';

const alertRowSchema = z.object({
  id: z.string(),
  kind: alertKindSchema,
  tenant: z.string(),
  feature: z.string(),
  policy: z.string(),
  service: z.string(),
  raisedAt: z.string(),
  from: z.string(),
  to: z.string(),
  observed: z.string(),
  expected: z.string(),
  message: z.string(),
  channels: z.array(z.string()),
});

const attemptRowSchema = z.object({
  alertId: z.string(),
  channel: z.string(),
  attempts: z.coerce.number(),
  state: z.enum(['sending', 'delivered', 'failed']),
  error: z.string(),
  updatedAt: z.string(),
});

/** An alert with the last attempt on each of its channels. */
export interface KeptAlert {
  readonly alert: Alert;
  readonly channels: readonly { readonly channel: string; readonly last: z.infer<typeof attemptRowSchema> | null }[];
}

/** The alerts that were raised in a window, newest first. */
export async function keptAlerts(store: Store, window: Window, limit: number): Promise<KeptAlert[]> {
  const { fromUs, toUs } = boundsOf(window);
  const rows = await store.rows(
    `
    SELECT
        id, kind, tenant, feature, policy, service, observed, expected, message, channels,
        ${['raised_at AS raisedAt', 'period_from AS from', 'period_to AS to'].map(formatted).join(', ')}
    FROM alerts FINAL
    WHERE raised_at >= fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')
      AND raised_at < fromUnixTimestamp64Micro({toUs: Int64}, 'UTC')
    ORDER BY raised_at DESC, id
    LIMIT {limit: UInt32}`,
    { fromUs, toUs, limit },
  );
  const alerts = z.array(alertRowSchema).parse(rows);
  const attempts = await lastAttempts(
    store,
    alerts.map(({ id }) => id),
  );
  return alerts.map((row) => ({
    alert: toAlert(row),
    channels: row.channels.map((channel) => ({
      channel,
      last: attempts.find((one) => one.alertId === row.id && one.channel === channel) ?? null,
    })),
  }));
}

function formatted(column: string): string {
  const [source = '', name = ''] = column.split(' AS ');
  return `formatDateTime(${source}, '${MICROS}', 'UTC') AS ${name}`;
}

async function lastAttempts(store: Store, ids: readonly string[]): Promise<z.infer<typeof attemptRowSchema>[]> {
  if (ids.length === 0) return [];
  const rows = await store.rows(
    `
    SELECT
        alert_id AS alertId, channel,
        max(attempt) AS attempts,
        argMax(state, attempt) AS state,
        argMax(error, attempt) AS error,
        formatDateTime(argMax(updated_at, attempt), '${MICROS}', 'UTC') AS updatedAt
    FROM alert_attempts FINAL
    WHERE has({ids: Array(String)}, alert_id)
    GROUP BY alert_id, channel`,
    { ids },
  );
  return z.array(attemptRowSchema).parse(rows);
}

function toAlert({ tenant, feature, policy, service, ...row }: z.infer<typeof alertRowSchema>): Alert {
  const scope = Object.fromEntries(
    Object.entries({ tenant, feature, policy, service }).filter(([, one]) => one !== ''),
  );
  return alertSchema.parse({ ...row, scope });
}

/** An alert as the history shows it. */
export function raisedAlertOf({ alert, channels }: KeptAlert, nowUs: number): RaisedAlert {
  const deliveries = channels.map(({ channel, last }) =>
    deliverySchema.parse({
      channel,
      state: deliveryState(last, parseIsoUs(alert.raisedAt), nowUs),
      attempts: last?.attempts ?? 0,
      lastAttemptAt: last?.updatedAt ?? null,
      error: last?.error ?? '',
    }),
  );
  return { ...alert, deliveries };
}
