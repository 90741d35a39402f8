import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Gap, GateAnswer, Score } from '../../schemas/gate.js';
import { gapSchema, gateAnswerSchema, scoreSchema } from '../../schemas/gate.js';

/** What the demo asks of Waybill. */
export interface Questions {
  /** Every gap of the run, warnings and notes included. */
  readonly gaps: () => Promise<Gap[]>;
  readonly score: () => Promise<Score>;
  readonly gate: (tenant: string) => Promise<GateAnswer>;
  /** Waits until so many calls have settled; gives back how many did, which are fewer where that takes too long. */
  readonly settled: (calls: number, onProgress: (calls: number) => void) => Promise<number>;
}

const LIMIT_MS = 60_000;

/** @param apiUrl where Waybill answers */
export function askAt(apiUrl: string): Questions {
  async function get<T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T>> {
    const response = await fetch(apiUrl + path);
    if (!response.ok) throw new Error(`GET ${path} was answered with ${response.status}: ${await response.text()}`);
    return schema.parse(await response.json());
  }

  const score = async (): Promise<Score> => (await get('/v1/score?since=1h', z.object({ score: scoreSchema }))).score;

  return {
    score,
    gaps: async () => (await get('/v1/gaps?since=1h&limit=1000', z.object({ gaps: z.array(gapSchema) }))).gaps,
    gate: (tenant) => get(`/v1/gate?tenant=${encodeURIComponent(tenant)}`, gateAnswerSchema),
    settled: async (calls, onProgress) => {
      const deadline = Date.now() + LIMIT_MS;
      let before = -1;
      for (;;) {
        const now = (await score()).calls;
        onProgress(now);
        // Twice the same: a late span may still add to what is there.
        if ((now >= calls && now === before) || Date.now() > deadline) return now;
        before = now;
        await sleep(1_000);
      }
    },
  };
}
