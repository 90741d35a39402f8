import { StartError } from './start-error.js';

/** What a process of Waybill may be: any of these, or all of them. */
export const serveRoles = ['receiver', 'auditor', 'api'] as const;
export type ServeRole = (typeof serveRoles)[number];

/**
 * Reads roles such as `receiver,api`; `all` is all of them.
 *
 * @throws StartError that says which there are
 */
export function rolesOf(text = 'all'): ReadonlySet<ServeRole> {
  const roles = new Set<ServeRole>();
  for (const name of text.split(',').map((one) => one.trim())) {
    const found = serveRoles.filter((role) => name === 'all' || name === role);
    if (found.length === 0) {
      throw new StartError(
        `--role: there is no role '${name}'; there are ${serveRoles.join(', ')} and all, several with commas between.`,
      );
    }
    for (const role of found) roles.add(role);
  }
  return roles;
}
