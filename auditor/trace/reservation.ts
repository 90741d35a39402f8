import { RESERVATION_ID } from '../../schemas/attributes.js';
import { attributeOf } from './carried.js';
import { Mark } from './marks.js';
import type { Path } from './route.js';

/** As `POST /v1/decisions` makes them; anything else that is written there is none. */
const AN_ID = /^[0-9a-f]{32}$/;

/** The reservation under which a call was made: the one that is named nearest to it; undefined where none is. */
export function reservationOn({ stations, marks }: Path): string | undefined {
  if ((marks & Mark.reservation) === 0) return undefined;
  for (const { nodes } of stations.toReversed()) {
    for (const { span } of nodes.toReversed()) {
      const id = attributeOf(span.attributes, RESERVATION_ID);
      if (id !== undefined && AN_ID.test(id)) return id;
    }
  }
  return undefined;
}
