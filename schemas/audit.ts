import * as z from 'zod';

/** How an attribute fared on its way from the origin to a call; the first that applies (docs: "Words"). */
export const outcomeSchema = z.enum(['conflicting', 'rewritten', 'missing', 'dropped', 'late', 'unreported', 'intact']);
export type Outcome = z.infer<typeof outcomeSchema>;

/** What may be done with a call's attribution: nothing, report on it, block on it. */
export const verdictSchema = z.enum(['unattributed', 'attributed', 'enforceable']);
export type Verdict = z.infer<typeof verdictSchema>;

export const severitySchema = z.enum(['error', 'warning', 'info']);
export type Severity = z.infer<typeof severitySchema>;

/** The things that are judged apart; `policy` stands for policy fit, `cost` for cost quality. */
export const questionSchema = z.enum([
  'presence',
  'survival',
  'agreement',
  'provenance',
  'observation',
  'cost',
  'policy',
]);
export type Question = z.infer<typeof questionSchema>;

/**
 * How a gateway's record was joined to a span, strongest first: by trace and span id, the provider's response id, the
 * gateway's request id, the trace id where model and tokens then leave one call only, or without any id.
 */
export const joinSchema = z.enum(['span', 'response-id', 'request-id', 'trace', 'time-model-tokens', 'none']);
export type Join = z.infer<typeof joinSchema>;

/** From one station to the next, by service name. */
export const hopSchema = z.object({ from: z.string(), to: z.string() });
export type Hop = z.infer<typeof hopSchema>;

export const findingSchema = z.object({
  rule: z.string().describe('Id of the broken rule'),
  severity: severitySchema,
  question: questionSchema,
  attribute: z.string().nullable().describe('Which attribute of the contract it is about'),
  hop: hopSchema.nullable().describe('Where it broke; null where no single hop is to blame'),
  spanId: z.string().describe('The span that shows it'),
  message: z.string(),
  fix: z.string(),
  related: z
    .array(z.object({ rule: z.string(), message: z.string(), fix: z.string() }))
    .optional()
    .describe('What explains it: a rule that would otherwise say the same thing again'),
});
export type Finding = z.infer<typeof findingSchema>;

export const provenanceSchema = z.enum(['signed', 'bound', 'asserted']);
export type Provenance = z.infer<typeof provenanceSchema>;

export const attributeAuditSchema = z.object({
  outcome: outcomeSchema,
  value: z.string().nullable().describe("What the call's station shows"),
  hop: hopSchema.nullable().describe('Where it was lost, changed or first seen'),
  originValue: z.string().nullable(),
  enforcementValue: z.string().nullable().describe('What the enforcement point saw'),
  callSpanValue: z.string().nullable().describe("What the call's own span carries: the row-level view"),
  provenance: provenanceSchema.nullable().describe('Who vouches for the value; null where there is none'),
});
export type AttributeAudit = z.infer<typeof attributeAuditSchema>;

export const stationSchema = z.object({
  service: z.string(),
  spanIds: z.array(z.string()),
  values: z.record(z.string(), z.array(z.string())).describe('Per attribute, the distinct values that its spans carry'),
});

/** A decimal string with 12 places, such as `0.003500000000`. */
export const usdSchema = z.string().regex(/^-?\d+\.\d{12}$/);

const tokens = z.number().int().nonnegative().nullable();

export const callSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  startTime: z.iso.datetime({ precision: 6 }),
  durationUs: z.number().int().nonnegative(),
  service: z.string(),
  operation: z.string(),
  provider: z.string(),
  model: z.string(),
  dialect: z.string(),
  responseId: z.string(),
  user: z.string().nullable(),
  failed: z.boolean(),
  stream: z.boolean(),
  inputTokens: tokens,
  outputTokens: tokens,
  cacheReadTokens: tokens,
  cacheWriteTokens: tokens,
  reasoningTokens: tokens,
  usageSpanId: z.string().nullable().describe('The span whose usage was counted; null where none had any'),
  costUsd: usdSchema.nullable().describe('US dollars, 12 decimals; null: unknown, never zero'),
  priceSource: z.string().nullable().describe('Where the price came from: `contract`, `genai-prices:openai/gpt-4o`'),
  reportedCostUsd: usdSchema.nullable().describe("The gateway's or instrumentation's own figure"),
  join: joinSchema
    .nullable()
    .describe("How the gateway's record on the route was joined, the weakest of several; null where there is none"),
  reservationId: z.string().optional().describe('The reservation under which it was made, where a span names one'),
  echoSpanIds: z.array(z.string()).describe('Calls above it that repeat this cost'),
  verdict: verdictSchema,
  misattributed: z.boolean().describe('Had blocking been on, the wrong tenant could have been stopped'),
  failedQuestions: z.array(questionSchema).describe('The questions that do not hold; enforceable where there is none'),
  rowLevel: z.boolean().describe("Every required attribute stands on the call's own span"),
  enforcementPoint: z
    .string()
    .nullable()
    .describe('Service of the enforcement point; null where the route crosses none'),
  policy: z.string().nullable().describe('The policy that the call resolves to'),
  route: z.array(z.string()).describe('Services of the stations, origin first'),
  stations: z.array(stationSchema),
  attributes: z.record(z.string(), attributeAuditSchema),
  findings: z.array(findingSchema),
});
export type Call = z.infer<typeof callSchema>;

/** Something wrong with a trace that belongs to none of its calls, such as spend that no call span reports. */
export const traceFindingSchema = findingSchema.extend({ traceId: z.string() });
export type TraceFinding = z.infer<typeof traceFindingSchema>;

export const auditReportSchema = z.object({
  version: z.literal(1),
  summary: z.object({
    traces: z.number().int(),
    calls: z.number().int(),
    costUsd: usdSchema.nullable().describe('Sum of what is known; null where no cost is known'),
    unknownCost: z.number().int().describe('Calls that are not in the sum'),
    verdicts: z.record(verdictSchema, z.number().int()),
  }),
  calls: z.array(callSchema),
  findings: z.array(traceFindingSchema),
});
export type AuditReport = z.infer<typeof auditReportSchema>;
