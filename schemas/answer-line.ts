import * as z from 'zod';

/** The media type of JSON values, one a line. */
export const JSON_LINES = 'application/x-ndjson';

/** A line of an answer that takes long: how far it has come; the last is the answer itself, or why there is none. */
export const answerLineSchema = <T extends z.ZodType>(answer: T) =>
  z.union([
    z.object({
      progress: z.object({ done: z.number().int().nonnegative(), of: z.number().int().nonnegative() }),
    }),
    z.object({ answer }),
    z.object({ error: z.object({ message: z.string() }) }),
  ]);
