export type { Attribution } from './attribution-fields.js';
export { getAttribution, setAttribution, withAttribution } from './attribution.js';
export { createAttributionPropagator } from './attribution-propagator.js';
export { createAttributionSpanProcessor } from './attribution-span-processor.js';
export { attributionHeaders, bindAttribution, bindAttributionOf, fromHeaders } from './carry-attribution.js';
export type { Signing } from './sign-attribution.js';
export type { Share } from './shared-attribution.js';
export { withSharedAttribution } from './shared-attribution.js';
