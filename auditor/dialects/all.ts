import type { Dialect } from './dialect.js';
import { otelGenAi } from './otel-genai.js';

/** Every dialect, the most particular first: where a span's scope is unknown, the first whose marks it bears reads it. */
export const dialects: readonly Dialect[] = [otelGenAi];
