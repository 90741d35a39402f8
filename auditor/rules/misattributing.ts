/** Rules whose breach makes a call misattributed: had blocking been on, the wrong tenant could have been stopped. */
export const misattributing: ReadonlySet<string> = new Set([
  'rewritten',
  'conflicting',
  'unauthorized-tenant',
  'forged',
  'policy-mismatch',
]);
