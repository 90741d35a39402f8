import * as z from 'zod';

/** What a key is for: to send spans and records, to ask questions, or to do everything. */
export const roleSchema = z.enum(['ingest', 'read', 'admin']);
export type Role = z.infer<typeof roleSchema>;

/** A key as it is listed: all but the key itself, which is shown once and never kept. */
export const listedKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  role: roleSchema,
  tenants: z.array(z.string()).describe('Tenants that it may speak for, or read'),
  services: z.array(z.string()).describe('Services whose spans it may send'),
  createdAt: z.string(),
  isRevoked: z.boolean(),
});
export type ListedKey = z.infer<typeof listedKeySchema>;

/** One line of the audit log. */
export const auditLogEntrySchema = z.object({
  at: z.string(),
  actor: z.string().describe('Id of the key; `local`: without keys; `cli`: at the command line; `waybill`: by itself'),
  action: z.string(),
  detail: z.string(),
});
export type AuditLogEntry = z.infer<typeof auditLogEntrySchema>;

/** Who asks, by the key that is shown or that a browser has logged in with. */
export const accountSchema = z.object({
  key: z.string().nullable().describe('Its id; null while there are no keys'),
  role: roleSchema,
  tenants: listedKeySchema.shape.tenants,
});
export type Account = z.infer<typeof accountSchema>;
