import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One file below a directory: its path, and what it holds. */
export interface FileBelow {
  readonly path: string;
  readonly content: Buffer;
}

/** Every file below a directory in use; what ClickHouse merges or moves away meanwhile is left out. */
export async function filesBelow(directory: string): Promise<FileBelow[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const found = entries.map(async (entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    if (!entry.isFile()) return [];
    return readFile(path).then(
      (content) => [{ path, content }],
      () => [],
    );
  });
  return (await Promise.all(found)).flat();
}
