import { NotAllowed } from '../keys/errors.js';
import type { QueryParameters, Store } from './client.js';

/** How a condition on `calls` is told to whom it is restricted; `callsIn` writes it into every one. */
export const WITHIN = '{within: Array(String)}';

/**
 * The same store for someone who may only see some tenants. Whatever is asked of it must have the condition by which
 * calls are restricted, and gets these tenants for it; what has none is refused, so that no question, old or new, can
 * forget it.
 *
 * @param tenants at least one, each exactly as it stands on spans
 */
export function restrictedTo(store: Store, tenants: readonly string[]): Store {
  // Without any, the condition holds for all.
  if (tenants.length === 0) throw new Error('A store must be restricted to somebody.');

  function bound(sql: string, params: QueryParameters = {}): QueryParameters {
    if (!sql.includes(WITHIN) || !('within' in params)) throw refused();
    return { ...params, within: tenants };
  }

  return {
    ...store,
    within: tenants,
    command: async () => {
      throw refused();
    },
    insertRowBinary: async () => {
      throw refused();
    },
    hold: async () => {
      throw refused();
    },
    rows: async (sql, params) => store.rows(sql, bound(sql, params)),
    selectRowBinary: async (sql, params) => store.selectRowBinary(sql, bound(sql, params)),
  };
}

function refused(): NotAllowed {
  return new NotAllowed(
    'This is about more than the tenants that your key may read. Ask it with a key that is bound to none.',
  );
}
