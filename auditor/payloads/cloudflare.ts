import { cloudflare as spans } from '../dialects/cloudflare.js';
import { parseDict } from '../dialects/dict.js';
import { adapter, usageOf } from './adapter.js';
import { entriesAt, taggedEntries } from './entries.js';
import { at, countOf, endAfter, has, isTrue, pricedUsd, textOf, timeOf, usdOf } from './fields.js';

/**
 * A log of Cloudflare's AI Gateway. The gateway keeps only the first five metadata entries of a request and drops the
 * others without a word: a field that is missing here may have been sent.
 */
export const cloudflareLog = adapter(
  'cloudflare',
  (record) => has(record, 'id', 'created_at', 'tokens_in', 'tokens_out', 'provider') && !has(record, 'spend'),
  (record) => {
    const id = textOf(at(record, 'id'));
    const startUs = timeOf(at(record, 'created_at'));
    const model = textOf(at(record, 'model'));
    const cacheReplay = isTrue(at(record, 'cached'));
    const said = at(record, 'metadata');
    return {
      recordId: id,
      requestIds: [id],
      startUs,
      endUs: endAfter(startUs, at(record, 'duration')),
      failed: at(record, 'success') === false || Number(textOf(at(record, 'status_code')) || '200') >= 400,
      operation: /embeddings?$/.test(textOf(at(record, 'path'))) ? 'embeddings' : 'chat',
      provider: textOf(at(record, 'provider')),
      providerNames: spans.providerNames,
      requestModel: model,
      responseModel: model,
      usage: usageOf({ input: countOf(at(record, 'tokens_in')), output: countOf(at(record, 'tokens_out')) }),
      cacheReplay,
      costUsd: pricedUsd(usdOf(at(record, 'cost')), cacheReplay || isTrue(at(record, 'custom_cost'))),
      vouched: [...entriesAt(record, ['cf.user_id'], ['cf', 'user_id'])],
      claimed: taggedEntries('metadata', typeof said === 'string' ? parseDict(said) : said),
    };
  },
);
