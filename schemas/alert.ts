import * as z from 'zod';
import { scopeSchema } from './gate.js';

/** What Waybill warns of. */
export const alertKinds = [
  'budget-threshold',
  'budget-forecast',
  'unattributed-spend',
  'score-drop',
  'gate-lost',
  'unusual-spend',
  'test',
] as const;
export const alertKindSchema = z.enum(alertKinds);
export type AlertKind = z.infer<typeof alertKindSchema>;

const time = z.iso.datetime({ precision: 6 });

/** Something that people are told once. */
export const alertSchema = z.object({
  id: z.string().describe('Kind, what it is about, and its period: what has the same id is the same alert'),
  kind: alertKindSchema,
  scope: scopeSchema,
  raisedAt: time,
  from: time.describe('Start of the period or window that it is about'),
  to: time,
  observed: z.string().describe('What was seen, in words'),
  expected: z.string().describe('What it was held against'),
  message: z.string(),
});
export type Alert = z.infer<typeof alertSchema>;

export const deliveryStateSchema = z.enum(['pending', 'delivered', 'gave-up']);
export type DeliveryState = z.infer<typeof deliveryStateSchema>;

export const deliverySchema = z.object({
  channel: z.string(),
  state: deliveryStateSchema.describe('`pending`: it is tried, or tried again; `gave-up`: it is not tried any more'),
  attempts: z.number().int(),
  lastAttemptAt: time.nullable(),
  error: z.string().describe('What went wrong at the last attempt; empty: nothing'),
});

/** An alert, and what became of it on its way to people. */
export const raisedAlertSchema = alertSchema.extend({
  deliveries: z.array(deliverySchema).describe('One a channel; none where the contract names no channel for its kind'),
});
export type RaisedAlert = z.infer<typeof raisedAlertSchema>;
