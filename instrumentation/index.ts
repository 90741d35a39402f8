export type { Attribution } from './attribution.js';
export { getAttribution, withAttribution } from './attribution.js';
export { createAttributionSpanProcessor } from './attribution-span-processor.js';
