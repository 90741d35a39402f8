import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = dirname(createRequire(import.meta.url).resolve('waybill/package.json'));

/** The absolute path of a file of this package, the same whether the source or the build runs. */
export function packagePath(...parts: string[]): string {
  return join(root, ...parts);
}
