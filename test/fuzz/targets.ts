import { contractTarget } from './contract-target.js';
import { jsonTarget, protobufTarget } from './otlp-targets.js';
import { payloadTarget } from './payload-target.js';
import type { Target } from './target.js';

/** Everything that reads what strangers send, and its part in a hundred executions: YAML takes long. */
export const targets: readonly { readonly target: Target; readonly share: number }[] = [
  { target: protobufTarget, share: 56 },
  { target: jsonTarget, share: 27 },
  { target: payloadTarget, share: 16 },
  { target: contractTarget, share: 1 },
];
