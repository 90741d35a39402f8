import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { dueAttempt, STALE_AFTER_US } from '../../auditor/alerts/delivery-state.js';
import { parseIsoUs } from '../../auditor/iso-micros.js';
import type { Alert } from '../../schemas/alert.js';
import type { Contract } from '../../schemas/contract.js';
import { startRounds } from '../rounds.js';
import type { Attempt } from '../store/alerts.js';
import { claimAttempt, finishAttempt, keptAlerts, raiseAlerts } from '../store/alerts.js';
import type { Store } from '../store/client.js';
import type { Target } from './channels.js';
import { wants } from './channels.js';
import { deliver } from './deliver.js';
import type { AlertMetrics } from './metrics.js';
import { watchBudgets, watchQuality } from './watch.js';

export interface AlertLoopOptions {
  readonly store: Store;
  readonly contract: Contract;
  readonly targets: readonly Target[];
  readonly metrics: AlertMetrics;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  readonly log: Logger;
  /** How often to look at what is due; 0: only when `round` is called. */
  readonly intervalMs?: number;
}

/** The loop that raises alerts and tells people of them. */
export interface AlertLoop extends AsyncDisposable {
  /** Says that calls were audited: budgets are looked at in the next round. */
  readonly wake: () => void;
  /** Does one round now. Rejects with `StoreUnavailable` while ClickHouse is away. */
  readonly round: () => Promise<void>;
  /** Ends the loop after the round that is under way; may be called twice. */
  readonly stop: () => Promise<void>;
}

const SECOND_US = 1_000_000;
/** Without new calls too: a period may have begun, and another process may have audited. */
const BUDGETS_EVERY_US = 60 * SECOND_US;
const QUALITY_EVERY_US = 5 * 60 * SECOND_US;
const DELIVERIES_EVERY_US = 5 * SECOND_US;
/** Looking at budgets may take a tenth of the time: over many calls it takes a while. */
const REST_FACTOR = 9;
/** Alerts whose deliveries are looked after. */
const MOST_ALERTS = 1_000;
const LONGEST_BACKOFF_MS = 30_000;

/**
 * Starts the loop. All its state is in ClickHouse: what was raised is not raised again, and what was not delivered is
 * tried again, by whichever process is there. Each attempt is made by one process. An attempt whose outcome nobody
 * wrote down, for the process died, is made again: a channel may hear of an alert twice, under the same id, but never
 * not at all.
 */
export function startAlertLoop(options: AlertLoopOptions): AlertLoop {
  const { store, contract, targets, metrics, clockUs, log, intervalMs = 1_000 } = options;
  const me = randomUUID();
  const nextUs = { budgets: 0, quality: 0, deliveries: 0 };
  let isAwake = true;
  let restUntilUs = 0;

  const channelsFor = ({ kind }: Alert): string[] => targets.filter((one) => wants(one, kind)).map(({ id }) => id);

  async function oneRound(): Promise<void> {
    const nowUs = clockUs();
    const watched = { store, contract, metrics, nowUs };
    if (nowUs >= nextUs.budgets || (isAwake && nowUs >= restUntilUs)) {
      isAwake = false;
      const startedMs = performance.now();
      await raise(await watchBudgets(watched));
      restUntilUs = nowUs + REST_FACTOR * 1_000 * (performance.now() - startedMs);
      nextUs.budgets = nowUs + BUDGETS_EVERY_US;
    }
    if (nowUs >= nextUs.quality) {
      await raise(await watchQuality(watched));
      nextUs.quality = nowUs + QUALITY_EVERY_US;
    }
    if (targets.length > 0 && nowUs >= nextUs.deliveries) {
      await deliverDue(nowUs);
      nextUs.deliveries = nowUs + DELIVERIES_EVERY_US;
    }
  }

  async function raise(alerts: readonly Alert[]): Promise<void> {
    for (const { id, kind, message } of await raiseAlerts(store, alerts, channelsFor)) {
      metrics.raised(kind);
      log.warn({ alert: id }, message);
      nextUs.deliveries = 0;
    }
  }

  async function deliverDue(nowUs: number): Promise<void> {
    const recent = { fromUs: nowUs - STALE_AFTER_US, toUs: nowUs + SECOND_US };
    const due = (await keptAlerts(store, recent, MOST_ALERTS)).flatMap(({ alert, channels }) =>
      channels.flatMap(({ channel, last }) => {
        const target = targets.find(({ id }) => id === channel);
        const attempt = dueAttempt(last, parseIsoUs(alert.raisedAt), nowUs);
        return target === undefined || attempt === null ? [] : [{ alert, target, attempt }];
      }),
    );
    // One channel that hangs must not hold the others up.
    const byTarget = targets.map((target) => due.filter((one) => one.target === target));
    await Promise.all(
      byTarget.map(async (own) => {
        // The oldest first; the next one waits for the one before, so that a channel is not flooded.
        for (const { alert, target, attempt } of own.toReversed()) {
          if (rounds.isStopped()) return;
          const isThrough = await tell(target, alert, { alertId: alert.id, channel: target.id, attempt });
          if (!isThrough) return;
        }
      }),
    );
  }

  async function tell(target: Target, alert: Alert, attempt: Attempt): Promise<boolean> {
    if (!(await claimAttempt(store, attempt, me, clockUs()))) return true;
    const error = await deliver(target, alert, clockUs()).then(
      () => '',
      (reason: unknown) => (reason instanceof Error ? reason.message || reason.name : String(reason)),
    );
    metrics.delivery(target.id, error === '' ? 'delivered' : 'failed');
    if (error !== '') {
      const { attempt: number } = attempt;
      log.warn({ alert: alert.id, channel: target.id, attempt: number, error }, 'An alert could not be delivered');
    }
    await finishAttempt(store, attempt, me, error, clockUs());
    return error === '';
  }

  const rounds = startRounds(oneRound, {
    intervalMs,
    longestBackoffMs: LONGEST_BACKOFF_MS,
    log,
    words: {
      waits: 'Alerts wait for ClickHouse',
      fails: 'A round of alerts failed',
      goesOn: 'ClickHouse answers again; alerts go on',
    },
  });
  return {
    wake: () => {
      isAwake = true;
    },
    round: rounds.next,
    stop: rounds.stop,
    [Symbol.asyncDispose]: rounds.stop,
  };
}
