import { contractTarget } from './contract-target.js';
import { jsonTarget, protobufTarget } from './otlp-targets.js';
import { payloadTarget } from './payload-target.js';
import type { Target } from './target.js';

/** Everything that reads what strangers send, and its part in a hundred executions: YAML takes long. */
export const targets: readonly { readonly target: Target; readonly share: number }[] = [
  { target: protobufTarget, share: 50 },
  { target: jsonTarget, share: 24 },
  { target: payloadTarget, share: 24 },
  { target: contractTarget, share: 2 },
];
