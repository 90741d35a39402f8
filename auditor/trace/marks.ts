import { CREDENTIAL_TENANTS, RESERVATION_ID } from '../../schemas/attributes.js';
import type { Span } from '../../schemas/span.js';

/** What few spans have and some rule looks for, as bits: a route without it need not be walked for it. */
export const Mark = { links: 1, droppedAttributes: 2, traceState: 4, credential: 8, reservation: 16 } as const;

/** The marks of one span. */
export function marksOf({ links, droppedAttributes, traceState, attributes }: Span): number {
  let marks = 0;
  if (links.length > 0) marks |= Mark.links;
  if (droppedAttributes > 0) marks |= Mark.droppedAttributes;
  if (traceState !== '') marks |= Mark.traceState;
  for (let i = 0; i < attributes.length; i += 2) {
    if (attributes[i] === CREDENTIAL_TENANTS) marks |= Mark.credential;
    else if (attributes[i] === RESERVATION_ID) marks |= Mark.reservation;
  }
  return marks;
}
