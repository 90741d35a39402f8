import { createRequire, register } from 'node:module';
import { pathToFileURL } from 'node:url';

/** What `import-in-the-middle/register-hooks.mjs` exports. */
interface SyncHooks {
  readonly supportsSyncHooks: () => boolean;
  readonly register: (options: { readonly include: readonly string[] }) => void;
}

/**
 * Lets ES modules be instrumented when they are imported. To be called before the application is loaded.
 *
 * On Node releases whose `module.registerHooks()` can do it (22.22.3, 24.11.1, 25.1 and later) the hooks run in the
 * application's own thread; on others `module.register()` runs them in a thread beside it.
 *
 * @param include the modules, as they are named in `import`; all others are loaded as if there were no hook
 */
export async function hookModules(include: readonly string[]): Promise<void> {
  const sync = await findSyncHooks();
  if (sync?.supportsSyncHooks() === true) sync.register({ include });
  else register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include } });
}

/** Taken from where `@opentelemetry/instrumentation` has it: the hooks must be those of the very same copy. */
async function findSyncHooks(): Promise<SyncHooks | null> {
  try {
    const instrumentation = createRequire(import.meta.url).resolve('@opentelemetry/instrumentation');
    const path = createRequire(instrumentation).resolve('import-in-the-middle/register-hooks.mjs');
    const hooks: unknown = await import(pathToFileURL(path).href);
    return isSyncHooks(hooks) ? hooks : null;
  } catch {
    // Not there in older versions of the package, and then `module.register()` is the way.
    return null;
  }
}

function isSyncHooks(value: unknown): value is SyncHooks {
  return typeof value === 'object' && value !== null && 'supportsSyncHooks' in value && 'register' in value;
}
