import { StartError } from './start-error.js';
import type { Share } from './store/cuts.js';

const MOST_SHARES = 1_024;

/** What tells an auditor which share of all traces is its own. */
export interface ShareSettings {
  /** `--shard`, such as `2/8`: the second of eight. */
  readonly shard: string | undefined;
  /** `--shards`: how many there are; which of them it is the host's name tells. */
  readonly shards: string | undefined;
  /** As Kubernetes names the pods of a StatefulSet: `auditor-0`, `auditor-1`, … */
  readonly hostname: string | undefined;
}

/**
 * The share of an auditor: that of `--shard`, else that of its pod's number where `--shards` says how many there are,
 * else all.
 *
 * @throws StartError that says how to tell it
 */
export function shareOf({ shard, shards, hostname }: ShareSettings): Share {
  const of = shards === undefined ? null : countOf(shards);
  if (shard !== undefined) return shareNamed(shard, of);
  if (of === null || of === 1) return { index: 0, of: 1 };
  const ordinal = /-(\d+)$/.exec(hostname ?? '')?.[1];
  if (ordinal === undefined) {
    throw new StartError(
      `--shards ${of} does not say which of them this is, and the host's name${hostname === undefined ? '' : `, '${hostname}',`} does not end in a number as a StatefulSet's pods do (auditor-0). Say --shard 1/${of}, or 2/${of}, and so on.`,
    );
  }
  const index = Number(ordinal);
  if (index < of) return { index, of };
  throw new StartError(
    `The host '${hostname}' would have shard ${index + 1} of ${of}. Raise --shards (WAYBILL_SHARDS) to the number of auditors.`,
  );
}

function shareNamed(text: string, of: number | null): Share {
  const [, number = '', count = ''] = /^(\d+)\/(\d+)$/.exec(text.trim()) ?? [];
  const share = { index: Number(number) - 1, of: Number(count) };
  if (!(share.index >= 0 && share.index < share.of && share.of <= MOST_SHARES)) {
    throw new StartError(
      `--shard: '${text}' will not do; give 2/8 for the second of eight, from 1/1 up to ${MOST_SHARES}/${MOST_SHARES}.`,
    );
  }
  if (of === null || of === share.of) return share;
  throw new StartError(`--shard ${text} and --shards ${of} do not agree. One of them is enough.`);
}

function countOf(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && count <= MOST_SHARES) return count;
  throw new StartError(`--shards: '${text}' will not do; give how many auditors share the work, 1 to ${MOST_SHARES}.`);
}
