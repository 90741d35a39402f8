import type { RequestHandler } from 'express';
import express from 'express';
import * as z from 'zod';
import { recordIds } from '../../auditor/payloads/record-span.js';
import type { GatewayRecord } from '../../schemas/payload.js';
import { gatewayNames } from '../../schemas/payload.js';
import type { UserHasher } from '../privacy/hash-users.js';
import type { Store } from '../store/client.js';
import { recordsOf, writePayloads } from '../store/payloads.js';
import { MAX_EXPLAINED, readPayloads } from './read-payloads.js';
import { answering, BadRequest } from './request.js';

const MAX_BYTES = 64 * 1024 ** 2;

/** What became of the records in a request. */
const payloadsAnswerSchema = z.object({
  accepted: z.number().int().describe('Records that are stored: one that was there before is replaced'),
  rejected: z.number().int(),
  reasons: z
    .array(z.object({ index: z.number().int().describe('Place in the request, from 0'), reason: z.string() }))
    .describe(`Why the first ${MAX_EXPLAINED} of them were rejected`),
});

const gatewaySchema = z.enum(gatewayNames);

/** The route, as the reference describes it. */
export const payloadsRoute = {
  path: '/payloads/:gateway',
  summary: "Takes the records of a gateway's log, and answers when they are durable.",
  gateway: gatewaySchema,
  response: payloadsAnswerSchema,
} as const;

/**
 * Takes the records of a gateway's log: one, a list, or one a line. It answers when they are durable.
 *
 * @param clockUs the present, microseconds since 1970
 * @param users null: users are stored as they are named
 */
export function receivePayloads(
  store: Store,
  clockUs: () => number,
  users: UserHasher | null = null,
): RequestHandler[] {
  return [
    express.raw({ type: () => true, limit: MAX_BYTES, inflate: true }),
    answering(async (request, response) => {
      const gateway = gatewaySchema.safeParse(request.params['gateway']);
      if (!gateway.success) throw new BadRequest(`Records are taken from: ${gatewayNames.join(', ')}.`);
      const body: unknown = request.body;
      const {
        records: said,
        reasons,
        rejected,
      } = readPayloads(body instanceof Buffer ? body : Buffer.alloc(0), gateway.data);
      const records = users === null ? said : users.inRecords(said);
      await writePayloads(store, await withoutLess(store, records), clockUs());
      if (records.length === 0) response.status(400);
      const answer = { accepted: records.length, rejected, reasons };
      return records.length > 0
        ? answer
        : {
            ...answer,
            error: {
              message: `No record of ${gateway.data} was found. ${reasons[0]?.reason ?? 'The request is empty.'}`,
            },
          };
    }),
  ];
}

/**
 * Leaves out what says less than what is stored: a gateway that books in two steps, first without the cost, may send
 * the first one late.
 */
async function withoutLess(store: Store, records: readonly GatewayRecord[]): Promise<readonly GatewayRecord[]> {
  const costless = records.filter(({ call }) => call.reportedCostUsd === null);
  const before = await recordsOf(
    store,
    costless.map((record) => recordIds(record).traceId),
  );
  const priced = new Set(before.flatMap(({ recordId, call }) => (call.reportedCostUsd === null ? [] : [recordId])));
  return records.filter(({ recordId, call }) => call.reportedCostUsd !== null || !priced.has(recordId));
}
