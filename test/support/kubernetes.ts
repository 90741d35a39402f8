import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packagePath } from '../../collector/package-path.js';

/** A manifest, and the type that stands for its schema. */
export interface Typed {
  readonly module: string;
  readonly type: string;
  readonly manifest: unknown;
}

/**
 * Says what the schemas of Kubernetes do not know in manifests, as strictly as a server: the models on npm let unknown
 * fields pass when they validate, but their types, which are made from the same schemas, do not.
 *
 * @returns what the compiler says; empty: nothing is wrong
 */
export async function unknownFields(manifests: readonly Typed[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-kubernetes-'));
  try {
    await symlink(packagePath('node_modules'), join(directory, 'node_modules'));
    const lines = manifests.map(
      ({ module, type, manifest }, i) =>
        `import type { ${type} as T${i} } from '${module}';\nexport const m${i}: T${i} = ${JSON.stringify(manifest)};`,
    );
    await writeFile(join(directory, 'manifests.mts'), lines.join('\n'));
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', '', 'manifests.mts'];
    return await promisify(execFile)(packagePath('node_modules', '.bin', 'tsc'), flags, { cwd: directory }).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}
