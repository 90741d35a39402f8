import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = dirname(createRequire(import.meta.url).resolve('waybill/package.json'));

/** The absolute path of a file of this package, the same whether the source or the build runs. */
export function packagePath(...parts: string[]): string {
  return join(root, ...parts);
}

/** The version of this package. */
export function packageVersion(): string {
  const { version }: { version?: unknown } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8'));
  return String(version);
}
